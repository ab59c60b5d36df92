// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory that goes with its last reference.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "onefold-blobs-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The paths of all files below, relative, sorted; but for the secret that every store has.
  func files(under folder: String = "") -> [String] {
    let base = "\(path)/\(folder)"
    let found = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return found.filter { name in
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(base)/\(name)", isDirectory: &isDirectory)
        && !isDirectory.boolValue && !name.hasSuffix("chunking.secret")
    }.sorted()
  }
}
