// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import Archives

struct TarTests {
  private static func archive(_ files: [(path: String, content: [UInt8])], sha256: String? = nil) -> [UInt8] {
    var writer = TarWriter()
    for (path, content) in files { writer.add(path: path, content: ByteBuffer(bytes: content), sha256: sha256) }
    return Array(writer.finish().readableBytesView)
  }

  /// What a reader makes of an archive that comes in pieces.
  private static func read(_ archive: [UInt8], pieceSize: Int = .max) throws -> [(TarMember, [UInt8])] {
    var reader = TarReader()
    var files: [(TarMember, [UInt8])] = []
    var rest = archive[...]
    while !rest.isEmpty {
      let piece = rest.prefix(pieceSize)
      rest = rest.dropFirst(piece.count)
      reader.append(ByteBuffer(bytes: piece))
      while let item = try reader.next() {
        switch item {
        case .file(let member): files.append((member, []))
        case .bytes(let bytes): files[files.count - 1].1 += bytes.readableBytesView
        case .endOfFile: #expect(files[files.count - 1].1.count == Int(files[files.count - 1].0.size))
        case .other: break
        }
      }
    }
    try reader.finish()
    return files
  }

  private static let files: [(path: String, content: [UInt8])] = [
    ("a", []), ("b/c", [1]), ("b/" + String(repeating: "n", count: 250), Array(repeating: 2, count: 511)),
    ("ü/\u{1F600}", Array(repeating: 3, count: 512)), ("e=\n f", Array(repeating: 4, count: 1025)),
  ]

  @Test(arguments: [1, 7, 511, 512, 513, 4096, Int.max])
  func whatWasWrittenIsReadInPiecesOfAnySize(pieceSize: Int) throws {
    let read = try Self.read(Self.archive(Self.files, sha256: "00ff"), pieceSize: pieceSize)
    #expect(read.map(\.0.path) == Self.files.map(\.path))
    #expect(read.map(\.1) == Self.files.map(\.content))
    #expect(read.allSatisfy { $0.0.sha256 == "00ff" })
  }

  @Test func aFileInPiecesMayBeLargerThanAHeaderHasRoomFor() throws {
    let size: Int64 = 10 << 30
    var writer = TarWriter()
    writer.begin(path: "large", size: size, modified: 1_700_000_000)
    var reader = TarReader()
    reader.append(writer.take())
    #expect(try reader.next() == .file(TarMember(name: Array("large".utf8), size: size)))
    writer.add(ByteBuffer(string: "its first bytes"))
    reader.append(writer.take())
    #expect(try reader.next() == .bytes(ByteBuffer(string: "its first bytes")))
  }

  @Test func anArchiveOfNothingIsOne() throws {
    #expect(try Self.read(Self.archive([])).isEmpty)
  }

  @Test func aNameLosesTheDotThatTarPutsBeforeIt() {
    #expect(TarMember(name: Array("./a/b".utf8), size: 0).path == "a/b")
    #expect(TarMember(name: Array("../a".utf8), size: 0).path == "../a", "which is refused as a path")
    #expect(TarMember(name: [0xff], size: 0).path == nil)
  }

  @Test func anArchiveThatIsCutIsNoticed() throws {
    let archive = Self.archive(Self.files)
    // The last block of zeros may be missing: the one before it is an end.
    for count in 0..<(archive.count - 512) where count < 3000 || count % 97 == 0 {
      #expect(throws: TarError.self, "\(count) bytes") { try Self.read(Array(archive[..<count])) }
    }
  }

  @Test func whatComesAfterTheEndIsOfNoAccount() throws {
    let archive = Self.archive(Self.files) + Array(repeating: 7, count: 10_000)
    #expect(try Self.read(archive, pieceSize: 100).count == Self.files.count)
  }

  @Test func bytesThatAreNoArchiveAreRefusedWithTheirPlace() {
    #expect(throws: TarError(reason: "a header was expected there, and its checksum is wrong", offset: 0)) {
      try Self.read(Array(repeating: 7, count: 5000))
    }
    // A second member whose header is not one: after two headers, one block of records, one of content.
    var archive = Self.archive([("a", [1]), ("b", [2])])
    archive[4 * 512] ^= 1
    #expect(throws: TarError(reason: "a header was expected there, and its checksum is wrong", offset: 4 * 512)) {
      try Self.read(archive)
    }
  }

  /// Nothing that a stranger sends brings a reader down, or lets it hold more than was sent.
  @Test func changedArchivesAreReadOrRefused() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("changedArchivesAreReadOrRefused: seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let archive = Self.archive(Self.files)
    for _ in 0..<3000 {
      var changed = archive
      // Most changes break a checksum; with those mended, what is behind them is met.
      for _ in 0...Int(random.next() % 4) {
        let block = Int(random.next() % UInt64(archive.count / 512)) * 512
        let place = block + Int(random.next() % 512)
        changed[place] = UInt8(truncatingIfNeeded: random.next())
        Self.mendChecksum(&changed, at: block)
      }
      do { _ = try Self.read(changed, pieceSize: Int(random.next() % 2000) + 1) } catch is TarError {
      } catch { Issue.record("\(error), seed \(seed)") }
    }
  }

  private static func mendChecksum(_ archive: inout [UInt8], at block: Int) {
    guard archive[block + 257] == UInt8(ascii: "u") else { return }
    for place in 148..<156 { archive[block + place] = UInt8(ascii: " ") }
    let sum = archive[block..<block + 512].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    let text = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
    archive.replaceSubrange((block + 148)..<(block + 156), with: Array(text.utf8))
  }
}
