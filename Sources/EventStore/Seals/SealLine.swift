// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A seal with its leaves as one line of JSON, `{"seal":{…}}`: the same in the second place and in an export.
enum SealLine {
  private struct Line: Codable { let seal: SealRecord }

  /// With its line end.
  static func encode(_ record: SealRecord) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(Line(seal: record))) + [UInt8(ascii: "\n")]
  }

  /// Nil for anything that is not a seal.
  static func decode(_ line: [UInt8]) -> SealRecord? {
    (try? JSONDecoder().decode(Line.self, from: Data(line)))?.seal
  }
}
