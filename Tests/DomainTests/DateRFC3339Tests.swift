// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

import Domain

struct DateRFC3339Tests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_769_860_800.0, "2026-01-31T12:00:00.000Z"),
    (951_782_399.9994, "2000-02-28T23:59:59.999Z"), (951_782_400, "2000-02-29T00:00:00.000Z"),
    (-0.001, "1969-12-31T23:59:59.999Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
  ])
  func writesMilliseconds(_ seconds: Double, _ text: String) {
    #expect(Date(timeIntervalSince1970: seconds).rfc3339 == text)
  }

  @Test(arguments: [
    ("2026-01-31T12:00:00Z", 1_769_860_800.0), ("2026-01-31T13:30:00.25+01:30", 1_769_860_800.25),
    ("2026-01-31t07:00:00-05:00", 1_769_860_800), ("1969-12-31T23:59:59.5z", -0.5),
    ("2000-02-29T00:00:00Z", 951_782_400),
  ])
  func readsEveryZone(_ text: String, _ seconds: Double) {
    #expect(Date(rfc3339: text) == Date(timeIntervalSince1970: seconds))
  }

  @Test(arguments: [
    "", "now", "2026-01-31", "2026-01-31T12:00Z", "2026-01-31T12:00:00", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
    "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00+1:00", "1769860800",
  ])
  func refusesWhatIsNoTime(_ text: String) {
    #expect(Date(rfc3339: text) == nil)
  }

  @Test func readsWhatItWrites() {
    for day in stride(from: -30_000, to: 60_000, by: 7) {
      let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 45_296.125)
      #expect(Date(rfc3339: date.rfc3339) == date)
    }
  }

  @Test func agreesWithFoundationOverTwoCenturies() {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    for day in stride(from: -30_000, to: 60_000, by: 7) {
      let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 45_296.5)
      #expect(date.rfc3339 == date.formatted(style))
    }
  }
}
