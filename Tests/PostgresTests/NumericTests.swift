// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Postgres

@Suite("Numeric")
struct NumericTests {
  /// The server's form: number of digits, weight, sign, digits after the point, then digits in base 10,000.
  func form(weight: Int16, sign: UInt16 = 0, _ digits: [UInt16]) -> [UInt8] {
    ([UInt16(digits.count), UInt16(bitPattern: weight), sign, 0] + digits)
      .flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
  }

  @Test func wholeNumbersAreIntegers() throws {
    #expect(try decode(form(weight: 0, []), .numeric, as: Int.self) == 0)
    #expect(try decode(form(weight: 0, [42]), .numeric, as: Int.self) == 42)
    #expect(try decode(form(weight: 1, [1, 2345]), .numeric, as: Int.self) == 12_345)
    // Zeros at the end are not sent.
    #expect(try decode(form(weight: 2, [3]), .numeric, as: Int.self) == 300_000_000)
    #expect(try decode(form(weight: 0, sign: 0x4000, [7]), .numeric, as: Int32.self) == -7)
    let least = form(weight: 4, sign: 0x4000, [922, 3372, 368, 5477, 5808])
    #expect(try decode(least, .numeric, as: Int64.self) == .min)
  }

  @Test func fractionsAreNotIntegers() {
    #expect(throws: PostgresError.self) { try decode(form(weight: 0, [1, 5000]), .numeric, as: Int.self) }
    #expect(throws: PostgresError.self) { try decode(form(weight: -1, [5000]), .numeric, as: Int.self) }
  }

  @Test func whatDoesNotFitIsRefused() {
    #expect(throws: PostgresError.self) {
      try decode(form(weight: 4, [922, 3372, 368, 5477, 5808]), .numeric, as: Int64.self)
    }
    #expect(throws: PostgresError.self) { try decode(form(weight: 0, sign: 0xC000, []), .numeric, as: Int.self) }
  }

  @Test func anyNumberIsADouble() throws {
    #expect(try decode(form(weight: 0, [1, 5000]), .numeric, as: Double.self) == 1.5)
    #expect(try decode(form(weight: -1, sign: 0x4000, [1]), .numeric, as: Double.self) == -0.0001)
    #expect(try decode(form(weight: 1, [1, 2345, 6789]), .numeric, as: Double.self) == 12345.6789)
    #expect(try decode(form(weight: 0, sign: 0xC000, []), .numeric, as: Double.self).isNaN)
    #expect(try decode(form(weight: 0, sign: 0xF000, []), .numeric, as: Double.self) == -.infinity)
  }
}
