// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import Testing

@testable import EventStore
import TestSupport

/// The example of docs/seals.md, whose values were computed by another program from the text alone.
struct SealFormatTests {
  private static let first = EventTuple(
    RecordedEvent(
      position: Position(1), version: 1, recordedAt: .distantPast, id: uuid("01900000-0000-7000-8000-000000000001"),
      owner: uuid("01900000-0000-7000-8000-00000000000a"), schemaVersion: 1,
      stream: StreamName(category: "file", id: "a"),
      type: "file.trashed", payload: Array(#"{"fileId":"a"}"#.utf8)),
    recordedAt: PostgresTime(microseconds: 823_176_000_000_001))
  private static let second = EventTuple(
    RecordedEvent(
      position: Position(2), version: 2, recordedAt: .distantPast, id: uuid("01900000-0000-7000-8000-000000000002"),
      schemaVersion: 1, stream: StreamName(category: "file", id: "a"), type: "file.removed",
      payload: Array(#"{"fileId":"a"}"#.utf8)),
    recordedAt: PostgresTime(microseconds: 823_176_000_000_001))

  private static func uuid(_ text: String) -> UUID { UUID(uuidString: text) ?? UUID() }

  /// The private key of the example: the bytes 00 to 1f.
  private static let keyText = Data(0..<32).base64EncodedString().replacingOccurrences(of: "=", with: "")

  /// The hex of the document, without the spaces and line ends that make it readable.
  private static func document() throws -> String {
    let file = URL(filePath: #filePath).appending(path: "../../../../docs/seals.md").standardizedFileURL
    return try String(contentsOf: file, encoding: .utf8).filter { !$0.isWhitespace }
  }

  @Test func leavesAreThoseOfTheDocument() throws {
    let document = try Self.document()
    for event in [Self.first, Self.second] {
      #expect(document.contains(event.bytes.hex))
      #expect(document.contains(event.leaf().hex))
    }
    #expect(Self.first.leaf().hex == "4d815f5f9fc8a1e0a0e4094f2cadb8826d4dc61d3f1bdfe854a09099331f73d0")
    #expect(Self.second.leaf().hex == "5cb4947ddae6045f52356713d979e13cb495b7832a4229d1b558fe5fe7fe756d")
  }

  @Test func theSealIsThatOfTheDocument() throws {
    let document = try Self.document()
    let keys = SealKeys(current: try SealKey(text: Self.keyText))
    let seal = try Seal.make(
      after: nil, leaves: Self.first.leaf() + Self.second.leaf(),
      at: try #require(PostgresTime("2026-01-31T12:01:00.500000Z")), keys: keys, with: EventTuple.hasher())
    #expect(seal.root.hex == "fe9587db89b516d639eb7c0eed1d089c6f67e06aefca67efa9971ce3148e629b")
    #expect(seal.hash.hex == "31a2fc2e8772d4d7b5ddc834aebc8d361d6fcfe0199fa3433a8552cfa7d80b8a")
    for part in [seal.root.hex, seal.message.hex, seal.hash.hex, seal.key.bytes.hex] {
      #expect(document.contains(part))
    }
    #expect(seal.isSignatureValid)
    // OpenSSL's signature of the same message.
    var theirs = seal
    theirs.signature = try #require(
      [UInt8](
        hex: "688ea484ac97e2b0c4346d92231a1afb0b2c55d57c96d53200fdb3f5d60a1f58"
          + "e6fe46216abebbc78879842a734398ef5822d0438480f632d0120aea9a0b8e08"))
    #expect(theirs.isSignatureValid)
    #expect(document.contains(theirs.signature.hex))
  }

  @Test func anEventComesBackFromItsBytes() throws {
    let event = try #require(Self.first.event)
    #expect(event.position == Position(1))
    #expect(event.stream.description == "file-a")
    #expect(event.owner == Self.uuid("01900000-0000-7000-8000-00000000000a"))
    #expect(event.actor == nil)
    #expect(event.payload == Array(#"{"fileId":"a"}"#.utf8))
    #expect(EventTuple(event, recordedAt: PostgresTime(microseconds: 823_176_000_000_001)) == Self.first)
  }

  @Test(arguments: 0..<500 as Range<UInt64>) func damagedBytesAreNoEvent(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var bytes = Self.first.bytes
    // Must not trap, whatever comes out.
    for _ in 0..<3 {
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
    }
    bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
    _ = EventTuple(bytes: bytes).event
    var line: [UInt8] = []
    _ = EventLine.append(EventTuple(bytes: bytes), to: &line)
  }

  // MARK: - Keys

  @Test func aKeyComesBackFromItsText() throws {
    let key = SealKey()
    #expect(try SealKey(text: key.text + "\n").publicKey == key.publicKey)
    #expect(SealPublicKey(key.publicKey.description) == key.publicKey)
  }

  @Test(arguments: ["", "no key", "AAAA", String(repeating: "A", count: 42), String(repeating: "A", count: 44)])
  func otherTextIsNoKey(text: String) { #expect(throws: SealKeyError.self) { try SealKey(text: text) } }

  @Test func theOldKeyAppointsTheNewOne() throws {
    let (old, new) = (SealKey(), SealKey())
    let leaf = Self.first.leaf()
    let time = PostgresTime(microseconds: 0)
    let one = try Seal.make(after: nil, leaves: leaf, at: time, keys: SealKeys(current: old), with: EventTuple.hasher())
    let both = SealKeys(current: old, next: new)
    let two = try Seal.make(after: one, leaves: leaf, at: time, keys: both, with: EventTuple.hasher())
    #expect(two.key == old.publicKey && two.nextKey == new.publicKey)
    let three = try Seal.make(after: two, leaves: leaf, at: time, keys: both, with: EventTuple.hasher())
    #expect(three.key == new.publicKey && three.nextKey == new.publicKey)
    #expect(throws: SealerError.notAppointed(new.publicKey, by: 3)) {
      try Seal.make(after: three, leaves: leaf, at: time, keys: SealKeys(current: old), with: EventTuple.hasher())
    }
  }
}
