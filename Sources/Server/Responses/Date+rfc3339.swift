// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Date {
  /// `2026-01-31T12:00:00.000Z`: UTC, with milliseconds, always 24 characters.
  ///
  /// Written by hand because lists have hundreds of times: Foundation's format styles cost some ten times as much.
  var rfc3339: String {
    let milliseconds = Int((timeIntervalSince1970 * 1000).rounded())
    let (day, time) = milliseconds.quotientAndRemainderFlooring(dividingBy: 86_400_000)
    let date = Self.civil(daysSince1970: day)
    let seconds = time / 1000
    return String(unsafeUninitializedCapacity: 24) { buffer in
      var index = 0
      func put(_ value: Int, digits: Int, then separator: Unicode.Scalar) {
        var value = value
        for offset in (0..<digits).reversed() {
          buffer[index + offset] = UInt8(48 + value % 10)
          value /= 10
        }
        buffer[index + digits] = UInt8(ascii: separator)
        index += digits + 1
      }
      put(date.year, digits: 4, then: "-")
      put(date.month, digits: 2, then: "-")
      put(date.day, digits: 2, then: "T")
      put(seconds / 3600, digits: 2, then: ":")
      put(seconds / 60 % 60, digits: 2, then: ":")
      put(seconds % 60, digits: 2, then: ".")
      put(time % 1000, digits: 3, then: "Z")
      return index
    }
  }

  /// The proleptic Gregorian date of a day, by counting in eras of 400 years that begin on the first of March.
  private static func civil(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (daysSince1970 + 719_468).quotientAndRemainderFlooring(dividingBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}

extension Int {
  /// Division that rounds towards minus infinity, so that times before 1970 come out right.
  fileprivate func quotientAndRemainderFlooring(dividingBy divisor: Int) -> (Int, Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
