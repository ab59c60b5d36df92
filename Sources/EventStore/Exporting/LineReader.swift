// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The lines of something that is read in pieces, one in memory at a time.
struct LineReader {
  /// Longer lines are refused: whatever that is, nobody should be able to fill the memory with it.
  static let lineLimit = 1 << 30

  private let read: () throws -> [UInt8]?
  private var buffer: [UInt8] = []
  private var start = 0

  /// - Parameter read: the next piece, nil at the end.
  init(_ read: @escaping () throws -> [UInt8]?) { self.read = read }

  /// The next line without its end; nil at the end. What follows the last line end counts as a line.
  mutating func next() throws -> [UInt8]? {
    var searched = start
    while true {
      if let end = newline(from: searched) {
        defer { start = end + 1 }
        return Array(buffer[start..<end])
      }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      guard searched <= Self.lineLimit else { throw LogFileError("it has a line longer than \(Self.lineLimit) bytes") }
      guard let piece = try read() else {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : buffer
      }
      buffer += piece
    }
  }

  private func newline(from offset: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let found = memchr(base + offset, 0x0a, bytes.count - offset) else {
        return nil
      }
      return UnsafeRawPointer(found) - base
    }
  }
}

/// A file is not an export, or not a file of seals.
public struct LogFileError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
