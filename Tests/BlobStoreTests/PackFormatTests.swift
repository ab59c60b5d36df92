// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import TestSupport
import Testing

@testable import BlobStore

struct PackFormatTests {
  private static func digest(_ number: UInt8) -> Digest { Digest(bytes: SHA256Hasher.hash([number])) }

  @Test func aManifestComesBack() throws {
    let parts = (0..<100).map { Manifest.Part(digest: Self.digest($0), size: Int($0) + 1) }
    for count in [0, 1, 100] {
      let manifest = Manifest(digest: Self.digest(200), chunker: "fastcdc-1", parts: Array(parts.prefix(count)))
      #expect(try Manifest(manifest.encoded(), of: manifest.digest, size: manifest.size) == manifest)
    }
  }

  /// Stored manifests must be read for good.
  @Test func theFormOfAManifestDoesNotChange() {
    let manifest = Manifest(
      digest: Self.digest(1), chunker: "fastcdc-4096-16384-65536-2-0011",
      parts: [.init(digest: Self.digest(2), size: 5)])
    #expect(
      Digest(bytes: SHA256Hasher.hash(manifest.encoded())).hex
        == "7ead1c60b465aad0d53fb094a67f03ae338c9fb19dfd512c17f219eb8523ed45")
  }

  @Test func anyChangeOfAManifestIsNoticed() {
    let manifest = Manifest(
      digest: Self.digest(1), chunker: "c", parts: [.init(digest: Self.digest(2), size: 5)])
    let bytes = manifest.encoded()
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1
      #expect(throws: PackDamage.self) { try Manifest(changed, of: manifest.digest, size: 5) }
      // None at all is a manifest too: that of a content which is one chunk.
      guard place > 0 else { continue }
      #expect(throws: PackDamage.self) { try Manifest(Array(bytes[..<place]), of: manifest.digest, size: 5) }
    }
    #expect(throws: PackDamage.self, "another content's") { try Manifest(bytes, of: Self.digest(3), size: 5) }
  }

  @Test func anyChangeOfAPacksIndexIsNoticed() throws {
    let home = try TemporaryDirectory()
    let path = "\(home.path)/pack"
    var writer = try PackWriter(path: path, compression: .lz4, disk: Disk())
    let chunks = [Sample.text(5000), Sample.noise(5000), [1]]
    for chunk in chunks { try writer.add(chunk.span.bytes, digest: Digest(bytes: SHA256Hasher.hash(chunk))) }
    let pack = try writer.finish()
    let file = try #require(try OpenFile.reading(path))
    #expect(try PackFormat.entries(of: file) == pack.contents.entries)
    #expect(pack.contents.entries.map(\.kind) == [.lz4Chunk, .rawChunk, .rawChunk])
    #expect(try file.size() == pack.contents.byteCount)

    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let index = bytes.count - PackFormat.trailerByteCount - 3 * PackEntry.byteCount
    for place in Array(0..<16) + Array(index..<bytes.count) {
      var changed = bytes
      changed[place] ^= 1
      try Data(changed).write(to: URL(filePath: path))
      let file = try #require(try OpenFile.reading(path))
      #expect(throws: PackDamage.self, "byte \(place)") { try PackFormat.entries(of: file) }
    }
    for count in [0, 15, 16, 80, index, bytes.count - 1] {
      try Data(bytes.prefix(count)).write(to: URL(filePath: path))
      let file = try #require(try OpenFile.reading(path))
      #expect(throws: PackDamage.self, "\(count) bytes") { try PackFormat.entries(of: file) }
    }
  }

  /// Found by fuzzing: whoever writes a pack writes its checksum too.
  @Test func aPlaceBeyondTheLargestNumberIsDamage() throws {
    let home = try TemporaryDirectory()
    let entry = PackEntry(kind: .rawChunk, digest: Self.digest(1), offset: .max - 1, storedSize: 10, size: 10)
    let pack = PackFormat.header + PackFormat.trailer([entry], at: Int64(PackFormat.header.count))
    try Data(pack).write(to: URL(filePath: "\(home.path)/pack"))
    let file = try #require(try OpenFile.reading("\(home.path)/pack"))
    #expect(throws: PackDamage.self) { try PackFormat.entries(of: file) }
  }
}
