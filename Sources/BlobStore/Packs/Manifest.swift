// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain

/// Which chunks a content is made of, in order.
///
/// Of a content that is one chunk there is nothing to say that its digest and its bytes do not: its manifest is implied, and has no stored form.
struct Manifest: Equatable, Sendable {
  struct Part: Equatable, Sendable {
    let digest: Digest
    let size: Int
  }

  /// Of the whole content.
  let digest: Digest
  /// How it was cut; see `Chunker.name`. Reading does not depend on it.
  let chunker: String
  let parts: [Part]
  /// Bytes of the content.
  let size: Int64

  init(digest: Digest, chunker: String, parts: [Part]) {
    self.digest = digest
    self.chunker = chunker
    self.parts = parts
    size = parts.reduce(0) { $0 + Int64($1.size) }
  }

  /// That of a content which is one chunk: the chunk has the digest of the content.
  static func implied(_ digest: Digest, size: Int) -> Manifest {
    Manifest(digest: digest, chunker: "", parts: [Part(digest: digest, size: size)])
  }

  var isImplied: Bool { chunker.isEmpty }

  /// Each chunk once, in the order of digests.
  var distinctChunks: [Digest] { Set(parts.map(\.digest)).sorted() }

  private static let magic = Array("manifest 1\n".utf8)
  private static let partByteCount = Digest.byteCount + 4

  /// The stored form: magic, length and text of the chunker's name, number of parts, each part's digest and size, and a SHA-256 over the
  /// content's digest and all of that. No bytes when it is implied.
  func encoded() -> [UInt8] {
    if isImplied { return [] }
    var bytes = Self.magic
    bytes.reserveCapacity(bytes.count + 64 + chunker.utf8.count + parts.count * Self.partByteCount)
    bytes.append(UInt8(chunker.utf8.count))
    bytes += chunker.utf8
    bytes.appendLittleEndian(UInt32(parts.count))
    for part in parts {
      bytes += part.digest.bytes
      bytes.appendLittleEndian(UInt32(part.size))
    }
    return bytes + SHA256Hasher.hash(digest.bytes + bytes)
  }

  /// - Parameter size: bytes of the content.
  /// - Throws: ``PackDamage`` when the bytes are not those of the content's manifest.
  init(_ bytes: [UInt8], of digest: Digest, size: Int64) throws(PackDamage) {
    if bytes.isEmpty {
      self = .implied(digest, size: Int(clamping: size))
      return
    }
    let name = Self.magic.count
    guard bytes.count > name + 4 + 32, bytes.starts(with: Self.magic) else { throw PackDamage("it is no manifest") }
    let body = bytes.count - 32
    guard SHA256Hasher.hash(digest.bytes + bytes[..<body]) == Array(bytes[body...]) else {
      throw PackDamage("its manifest is damaged")
    }
    let start = name + 1 + Int(bytes[name]) + 4
    guard start <= body else { throw PackDamage("its manifest is too short") }
    let count = Int(bytes.span.bytes.littleEndian32(at: start - 4))
    guard body - start == count * Self.partByteCount else { throw PackDamage("its manifest has another length") }
    let parts = (0..<count).map { number in
      let part = start + number * Self.partByteCount
      return Part(
        digest: Digest(bytes: Array(bytes[part..<part + Digest.byteCount])),
        size: Int(bytes.span.bytes.littleEndian32(at: part + Digest.byteCount)))
    }
    guard let chunker = String(validating: bytes[(name + 1)..<(start - 4)], as: UTF8.self) else {
      throw PackDamage("its manifest names no chunker")
    }
    self.init(digest: digest, chunker: chunker, parts: parts)
  }
}
