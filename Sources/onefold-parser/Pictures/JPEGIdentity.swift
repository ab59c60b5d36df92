// SPDX-License-Identifier: Apache-2.0

import DedupEngine

/// Tells JPEGs whose points are the same because the same compressed data stand for them: without decoding them, and whatever cameras and programs
/// have noted beside.
enum JPEGIdentity {
  /// Nil for a file that does not go on as a JPEG does.
  ///
  /// - Parameter orientation: how the picture is to be turned, which stands in the notes.
  static func of(_ bytes: UnsafeRawBufferPointer, _ orientation: Int) -> [UInt8]? {
    var hasher = SHA256Hasher()
    hasher.update([UInt8(truncatingIfNeeded: orientation)].span.bytes)
    var place = 2
    while place + 4 <= bytes.count, bytes[place] == 0xff {
      let marker = bytes[place + 1]
      // What comes after the start of a scan is the picture.
      if marker == startOfScan {
        hasher.update(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[place...])))
        return hasher.finish()
      }
      let end = place + 2 + (Int(bytes[place + 2]) << 8 | Int(bytes[place + 3]))
      guard end > place + 3, end <= bytes.count else { return nil }
      if !isNote(marker) { hasher.update(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[place..<end]))) }
      place = end
    }
    return nil
  }

  private static let startOfScan: UInt8 = 0xda

  /// Comments, and what applications add: except for the colours' profile (APP2) and their transformation (APP14).
  private static func isNote(_ marker: UInt8) -> Bool {
    marker == 0xfe || (0xe0...0xef).contains(marker) && marker != 0xe2 && marker != 0xee
  }
}
