// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One line of an export.
enum ExportItem {
  /// The first.
  case start(Start)
  /// Stands before the events that it covers.
  case seal(SealRecord)
  case event(EventTuple)
  /// The last: an export without it was cut.
  case end(End)

  struct Start: Codable {
    let format: Int
    /// The log's head.
    let head: Int64
    let exportedAt: String
  }

  struct End: Codable {
    let events: Int64
    let seals: Int64
  }

  static let format = 1

  private struct StartLine: Codable { let export: Start }
  private struct EndLine: Codable { let end: End }

  static func line(_ start: Start) throws -> [UInt8] { try encode(StartLine(export: start)) }

  static func line(_ end: End) throws -> [UInt8] { try encode(EndLine(end: end)) }

  /// Nil for a line that no export has.
  init?(_ line: [UInt8]) {
    if line.starts(with: #"{"position":"#.utf8) {
      guard let tuple = EventLine.tuple(line) else { return nil }
      self = .event(tuple)
    } else if let record = SealLine.decode(line) {
      self = .seal(record)
    } else if let start = try? JSONDecoder().decode(StartLine.self, from: Data(line)) {
      self = .start(start.export)
    } else if let end = try? JSONDecoder().decode(EndLine.self, from: Data(line)) {
      self = .end(end.end)
    } else {
      return nil
    }
  }

  private static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }
}
