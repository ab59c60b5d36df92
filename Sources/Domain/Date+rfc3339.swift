// SPDX-License-Identifier: Apache-2.0

public import Foundation

extension Date {
  /// `2026-01-31T12:00:00.000Z`: UTC, with milliseconds, always 24 characters.
  ///
  /// Written by hand because lists have hundreds of times: Foundation's format styles cost some ten times as much.
  public var rfc3339: String {
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

  /// Reads a time as RFC 3339 writes it, in any zone: `2026-01-31T13:00:00+01:00`. Nil for anything else.
  public init?(rfc3339 text: String) {
    let form = /(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))/
    guard let parts = text.wholeMatch(of: form)?.output, let year = Int(parts.1), let month = Int(parts.2),
      let day = Int(parts.3), let hour = Int(parts.4), let minute = Int(parts.5), let second = Int(parts.6)
    else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    // A day that the month does not have would come out as one of the next. RFC 3339 knows leap seconds; clocks here do not.
    guard Self.civil(daysSince1970: days) == (year, month, day), hour < 24, minute < 60, second < 60 else { return nil }
    let zone = (Int(parts.9 ?? "0") ?? 0) * 60 + (Int(parts.10 ?? "0") ?? 0)
    let offset = parts.8 == "-" ? -zone : zone
    let seconds = days * 86_400 + hour * 3600 + (minute - offset) * 60 + second
    self.init(timeIntervalSince1970: Double(seconds) + (parts.7.flatMap { Double("0\($0)") } ?? 0))
  }

  /// The inverse of ``civil(daysSince1970:)``.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month > 2 ? year : year - 1
    let (era, yearOfEra) = shiftedYear.quotientAndRemainderFlooring(dividingBy: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
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
