// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EventStore
import TestSupport

struct PostgresTimeTests {
  @Test(
    arguments: [
      (0, "2000-01-01T00:00:00.000000Z"), (-1, "1999-12-31T23:59:59.999999Z"),
      (5_097_600_000_000, "2000-02-29T00:00:00.000000Z"), (5_184_000_000_000, "2000-03-01T00:00:00.000000Z"),
      (823_176_000_000_001, "2026-01-31T12:00:00.000001Z"), (-946_684_800_000_000, "1970-01-01T00:00:00.000000Z"),
      (3_160_857_600_000_000, "2100-03-01T00:00:00.000000Z"),
    ] as [(Int64, String)])
  func isWrittenAndReadToTheMicrosecond(microseconds: Int64, text: String) {
    #expect(PostgresTime(microseconds: microseconds).description == text)
    #expect(PostgresTime(text)?.microseconds == microseconds)
  }

  @Test(arguments: 0..<2000 as Range<UInt64>) func goesThroughTextUnchanged(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    // Years 1 to 9999.
    let time = PostgresTime(
      microseconds: Int64.random(in: -63_082_281_600_000_000...252_455_615_999_999_999, using: &generator))
    #expect(PostgresTime(time.description) == time, "seed \(seed): \(time)")
  }

  @Test(arguments: [
    "", "Z", "2026-01-31", "2026-01-31T12:00:00Z", "2026-02-30T12:00:00.000000Z", "2026-13-01T12:00:00.000000Z",
    "2026-01-31T24:00:00.000000Z", "2026-01-31T12:00:60.000000Z", "2026-1-31T12:00:00.000000Z",
    "2026-01-31T12:00:00.0000000Z", "2026-01-31T12:00:00.000000", "9223372036854775807-01-31T12:00:00.000000Z",
    "2026-01-31T9223372036854775807:00:00.000000Z", "-2026-01-31T12:00:00.000000Z",
  ])
  func nothingElseIsRead(text: String) { #expect(PostgresTime(text) == nil) }

  @Test func theEndsOfTimeHaveAText() {
    #expect(PostgresTime(microseconds: .max).description.hasSuffix("Z"))
    #expect(PostgresTime(microseconds: .min).description.hasSuffix("Z"))
  }
}
