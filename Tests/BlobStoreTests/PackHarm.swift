// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What may happen to a pack file.
enum PackHarm: CaseIterable {
  case flippedBit, cutPack, missingPack

  func befall(_ path: String) throws {
    let url = URL(filePath: path)
    var bytes = try Data(contentsOf: url)
    switch self {
    case .flippedBit:
      bytes[1000] ^= 1
      try bytes.write(to: url)
    case .cutPack: try bytes.prefix(5000).write(to: url)
    case .missingPack: try FileManager.default.removeItem(at: url)
    }
  }
}
