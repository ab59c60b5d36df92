// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Redis

struct StreamReplyTests {
  @Test(
    arguments: [("5-3", 5, 3), ("5", 5, 0), ("18446744073709551615-0", UInt64.max, 0)] as [(String, UInt64, UInt64)])
  func readsStreamIDs(text: String, milliseconds: UInt64, sequence: UInt64) {
    #expect(StreamID(text) == StreamID(milliseconds: milliseconds, sequence: sequence))
  }

  @Test(arguments: ["", "-", "5-", "-5", "5-0-0", "x-1", "$", "18446744073709551616-0"])
  func refusesOtherIDs(text: String) {
    #expect(StreamID(text) == nil)
  }

  @Test func ordersIDsByTimeThenSequence() {
    #expect(["9-1", "10-0", "9-0"].compactMap { StreamID($0) }.sorted().map(\.description) == ["9-0", "9-1", "10-0"])
  }

  @Test func deletedPendingEntryKeepsOnlyItsID() throws {
    let entry = try RedisValue.array([.bulk(Array("7-0".utf8)), .null]).streamEntry()
    #expect(entry.isDeleted)
    #expect(entry.id == StreamID(milliseconds: 7))
  }

  @Test func fieldThatIsNotUTF8IsReadWithReplacementCharacters() throws {
    let entry = try RedisValue.array([
      .bulk(Array("7-0".utf8)), .array([.bulk(Array("job".utf8)), .bulk([0xff, 0x41])]),
    ]).streamEntry()
    #expect(entry.fields == ["job": "\u{fffd}A"])
  }

  @Test func replyOfAnotherShapeIsADecodingError() {
    let error = #expect(throws: RedisError.self) { try RedisValue.integer(4).streamBatches() }
    #expect(error?.code == .decoding)
  }

  @Test(
    arguments: [(Duration.milliseconds(3), 3), (.microseconds(1), 1), (.zero, 0), (.seconds(2), 2000)]
      as [(Duration, Int64)])
  func waitsAreRoundedUpToMilliseconds(duration: Duration, milliseconds: Int64) {
    #expect(duration.wholeMilliseconds == milliseconds)
  }

  @Test func errorsTellWhetherToTryAgain() {
    #expect(RedisError(reply: "LOADING Redis is loading the dataset in memory").isTransient)
    #expect(RedisError(.timeout, "").isTransient)
    #expect(!RedisError(reply: "WRONGTYPE Operation against a key").isTransient)
    #expect(!RedisError(.closed, "").isTransient)
    #expect(RedisError(reply: "NOGROUP No such key").isNoGroup)
  }
}
