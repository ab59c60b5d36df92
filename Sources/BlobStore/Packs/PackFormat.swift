// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain

/// The form of a pack file, all numbers little-endian:
///
/// ```
/// "onefold pack 1\n\0"                            16 bytes
/// chunks and manifests, back to back
/// an entry for each of them (``PackEntry``)       53 bytes each
/// "onefold index 1\n"                             16 bytes
/// offset of the first entry                       8 bytes
/// number of entries                               8 bytes
/// SHA-256 of everything from the first entry on   32 bytes
/// ```
/// A pack is written once and never changed. Its entries say all that the index of chunks has to know, so packs are enough to
/// make that index again.
enum PackFormat {
  static let header = Array("onefold pack 1\n\0".utf8)
  static let footer = Array("onefold index 1\n".utf8)
  static let trailerByteCount = 16 + 8 + 8 + 32

  /// What follows the last record.
  static func trailer(_ entries: [PackEntry], at offset: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(entries.count * PackEntry.byteCount + trailerByteCount)
    for entry in entries { entry.append(to: &bytes) }
    bytes += footer
    bytes.appendLittleEndian(UInt64(offset))
    bytes.appendLittleEndian(UInt64(entries.count))
    bytes += SHA256Hasher.hash(bytes)
    return bytes
  }

  /// Reads the entries of a pack. Blocks the calling thread.
  /// - Throws: ``PackDamage`` when they are not what was written.
  static func entries(of file: any PackBytes) throws -> [PackEntry] {
    let size = try file.size()
    guard size >= Int64(header.count + trailerByteCount), try file.read(at: 0, count: header.count) == header else {
      throw PackDamage("it does not begin as a pack does")
    }
    let end = try file.read(at: size - Int64(trailerByteCount), count: trailerByteCount)
    guard end.count == trailerByteCount, end.starts(with: footer) else {
      throw PackDamage("it does not end as a pack does")
    }
    let (offset, count) = (end.span.bytes.littleEndian64(at: 16), end.span.bytes.littleEndian64(at: 24))
    let room = UInt64(size) - UInt64(trailerByteCount + header.count)
    guard count <= room / UInt64(PackEntry.byteCount),
      offset == UInt64(size) - UInt64(trailerByteCount) - count * UInt64(PackEntry.byteCount)
    else { throw PackDamage("its index has another size than it says") }
    let index = try file.read(at: Int64(offset), count: Int(size - Int64(offset)) - 32)
    guard SHA256Hasher.hash(index) == Array(end.suffix(32)) else { throw PackDamage("its index is damaged") }
    return try (0..<Int(count)).map { number in
      guard let entry = PackEntry(index.span.bytes, at: number * PackEntry.byteCount),
        entry.offset >= Int64(header.count), entry.offset <= Int64(offset) - Int64(entry.storedSize)
      else { throw PackDamage("entry \(number) of its index makes no sense") }
      return entry
    }
  }
}

/// What is wrong with a pack, as a clause.
struct PackDamage: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
