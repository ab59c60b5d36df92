// SPDX-License-Identifier: Apache-2.0

/// The binary form of `numeric`: digits in base 10,000, the first of them with the weight given.
///
/// Aggregates give it (`sum` and `avg` of `int8`); it is read as an integer or a Double, never written.
struct PostgresNumeric {
  private let value: PostgresValue
  private var digits: [UInt16] = []
  private let weight: Int
  private let sign: UInt16

  private static let negative: UInt16 = 0x4000
  private static let notANumber: UInt16 = 0xC000
  private static let infinity: UInt16 = 0xD000
  private static let negativeInfinity: UInt16 = 0xF000

  init(_ value: PostgresValue) throws(PostgresError) {
    self.value = value
    var reader = PostgresReader(value, try value.required(as: PostgresNumeric.self))
    let count = try reader.read(Int16.self)
    weight = Int(try reader.read(Int16.self))
    sign = try reader.read()
    _ = try reader.read(Int16.self)  // digits to show after the point
    for _ in 0..<max(0, count) { digits.append(try reader.read()) }
  }

  func integer() throws(PostgresError) -> Int64 {
    guard sign == 0 || sign == Self.negative else { throw value.mismatch(Int64.self) }
    guard digits.dropFirst(weight + 1).allSatisfy({ $0 == 0 }) || digits.isEmpty else {
      throw PostgresError(.decoding, "numeric \(text) has a fraction and cannot be read as an integer")
    }
    var result: Int64 = 0
    for index in 0...max(0, weight) where weight >= 0 {
      let digit = index < digits.count ? Int64(digits[index]) : 0
      // Towards the sign, so that Int64.min can be read as well.
      let (scaled, overflow) = result.multipliedReportingOverflow(by: 10_000)
      let (sum, overflows) = scaled.addingReportingOverflow(sign == 0 ? digit : -digit)
      guard !overflow, !overflows else { throw PostgresError(.decoding, "numeric \(text) does not fit into Int64") }
      result = sum
    }
    return result
  }

  func double() throws(PostgresError) -> Double {
    switch sign {
    case Self.notANumber: return .nan
    case Self.infinity: return .infinity
    case Self.negativeInfinity: return -.infinity
    default:
      // Through text: it rounds once, where a sum of powers would round at each digit.
      guard let double = Double(text) else { throw value.malformed() }
      return double
    }
  }

  /// In scientific notation: every digit of base 10,000 is four of base 10.
  private var text: String {
    guard !digits.isEmpty else { return "0" }
    var text = sign == Self.negative ? "-" : ""
    for digit in digits {
      let plain = String(digit)
      text += String(repeating: "0", count: max(0, 4 - plain.count)) + plain
    }
    return text + "e\((weight - digits.count + 1) * 4)"
  }
}
