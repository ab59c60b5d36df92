// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Postgres

/// A time exactly as the database has it: microseconds since 2000-01-01 UTC. What is hashed must not pass through a floating-point `Date`.
public struct PostgresTime: Hashable, Comparable, Sendable {
  public let microseconds: Int64

  private static let perSecond: Int64 = 1_000_000
  private static let perDay: Int64 = 86_400 * perSecond
  /// Days from 0000-03-01 to 2000-01-01.
  private static let daysToEpoch: Int64 = 730_425

  public init(microseconds: Int64) { self.microseconds = microseconds }

  public static func < (left: PostgresTime, right: PostgresTime) -> Bool { left.microseconds < right.microseconds }

  public var date: Date { Date(timeIntervalSince1970: 946_684_800 + Double(microseconds) / 1_000_000) }
}

extension PostgresTime: PostgresEncodable, PostgresDecodable {
  public static var postgresType: PostgresType { .timestamptz }

  public func encode(into buffer: inout PostgresBuffer) { buffer.write(microseconds) }

  public init(_ value: PostgresValue) throws(PostgresError) {
    let bytes = try value.required(as: PostgresTime.self)
    guard value.type == .timestamptz, bytes.count == 8 else { throw value.mismatch(PostgresTime.self) }
    microseconds = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
  }
}

extension PostgresTime: CustomStringConvertible {
  /// RFC 3339 with all six digits: `2026-01-31T12:00:00.000000Z`.
  public var description: String {
    let day = Self.floorDivide(microseconds, by: Self.perDay)
    let date = Self.civil(fromDays: day.quotient)
    let (seconds, fraction) = day.remainder.quotientAndRemainder(dividingBy: Self.perSecond)
    func digits(_ number: Int64, _ width: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))"
      + "T\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2)).\(digits(fraction, 6))Z"
  }

  /// Reads what ``description`` writes, and nothing else.
  public init?(_ text: some StringProtocol) {
    guard text.hasSuffix("Z") else { return nil }
    let parts = text.dropLast().split(omittingEmptySubsequences: false) { "-T:.".contains($0) }.map { Int64($0) }
    // Bounds before arithmetic: what a stranger wrote must not overflow it. The round trip below has the last word.
    guard parts.count == 7, let year = parts[0], let month = parts[1], let day = parts[2], let hour = parts[3],
      let minute = parts[4], let second = parts[5], let fraction = parts[6], (0...294_276).contains(year),
      (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
      (0...59).contains(second), (0..<Self.perSecond).contains(fraction)
    else { return nil }
    let days = Self.days(fromCivil: (year, month, day))
    microseconds = days * Self.perDay + ((hour * 60 + minute) * 60 + second) * Self.perSecond + fraction
    guard description == text else { return nil }
  }

  // Years begin in March here, so that the leap day is a year's last: then months before any day are a linear formula. A cycle of the
  // Gregorian calendar has 400 years.

  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let cycle = floorDivide(days + daysToEpoch, by: 146_097)
    let dayOfCycle = cycle.remainder
    let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (cycle.quotient * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
  }

  private static func days(fromCivil date: (year: Int64, month: Int64, day: Int64)) -> Int64 {
    let year = date.year - (date.month <= 2 ? 1 : 0)
    let cycle = floorDivide(year, by: 400)
    let monthFromMarch = (date.month + 9) % 12
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + date.day - 1
    let dayOfCycle = cycle.remainder * 365 + cycle.remainder / 4 - cycle.remainder / 100 + dayOfYear
    return cycle.quotient * 146_097 + dayOfCycle - daysToEpoch
  }

  private static func floorDivide(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
