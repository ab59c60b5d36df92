// SPDX-License-Identifier: Apache-2.0

public import Foundation

extension UUID {
  /// A new time-ordered identifier: UUID version 7 of RFC 9562, with the time in milliseconds.
  ///
  /// Time order keeps the log's indexes compact: new keys land on the last page instead of on a random one.
  public static func v7(at time: Date = Date()) -> UUID {
    var generator = SystemRandomNumberGenerator()
    return timeOrdered(
      milliseconds: UInt64(max(0, time.timeIntervalSince1970 * 1000)), version: 0x70,
      high: generator.next(), low: generator.next())
  }

  /// An identifier that follows from this one and a name: always the same for the same two.
  ///
  /// It keeps the time of `self`, which makes it as friendly to indexes as ``v7(at:)``, and is marked version 8 (RFC 9562: meaning
  /// defined by the application). Events that must be appended once, however often a job runs, take their ids from here.
  /// The rest is 74 bits of FNV-1a over both, enough to keep names of one source apart; it is not a secret.
  public func derived(_ name: String) -> UUID {
    var high = FNV1a(), low = FNV1a(seed: 0x9e37_79b9_7f4a_7c15)
    withUnsafeBytes(of: uuid) { bytes in
      high.add(bytes)
      low.add(bytes)
    }
    for byte in name.utf8 {
      high.add(byte)
      low.add(byte)
    }
    return .derived(at: timestampMilliseconds, high: high.finish(), low: low.finish())
  }

  /// An identifier of version 8 from a time and a hash of the caller's choice. For names that a stranger chooses: there FNV would
  /// let them aim at another's identifiers, and the hash must be a cryptographic one.
  ///
  /// - Parameters:
  ///   - milliseconds: Since 1970; the upper 16 bits are dropped.
  ///   - high: Of which 12 bits are used.
  ///   - low: Of which 62 bits are used.
  public static func derived(at milliseconds: UInt64, high: UInt64, low: UInt64) -> UUID {
    timeOrdered(milliseconds: milliseconds, version: 0x80, high: high, low: low)
  }

  /// The first 48 bits, which in versions 7 and 8 (as written here) are milliseconds since 1970.
  public var timestampMilliseconds: UInt64 {
    withUnsafeBytes(of: uuid) { bytes in
      bytes.prefix(6).reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private static func timeOrdered(
    milliseconds: UInt64, version: UInt8, high: UInt64, low: UInt64
  ) -> UUID {
    func byte(_ value: UInt64, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: value >> (8 * index)) }
    return UUID(
      uuid: (
        byte(milliseconds, 5), byte(milliseconds, 4), byte(milliseconds, 3), byte(milliseconds, 2),
        byte(milliseconds, 1), byte(milliseconds, 0),
        version | (byte(high, 1) & 0x0f), byte(high, 0),
        0x80 | (byte(low, 7) & 0x3f), byte(low, 6), byte(low, 5), byte(low, 4),
        byte(low, 3), byte(low, 2), byte(low, 1), byte(low, 0)
      ))
  }

  /// The lower-case form, in which Onefold writes every identifier.
  public var text: String {
    // Not by way of `uuidString`: every stream's name has one, and formatting took a tenth of an append's time here.
    let digits: StaticString = "0123456789abcdef"
    return withUnsafeBytes(of: uuid) { bytes in
      String(unsafeUninitializedCapacity: 36) { text in
        var end = 0
        for (index, byte) in bytes.enumerated() {
          if index == 4 || index == 6 || index == 8 || index == 10 {
            text[end] = UInt8(ascii: "-")
            end += 1
          }
          text[end] = digits.utf8Start[Int(byte >> 4)]
          text[end + 1] = digits.utf8Start[Int(byte & 0x0f)]
          end += 2
        }
        return end
      }
    }
  }
}

/// FNV-1a, 64 bits, with a final mix so that near names differ in all bits.
private struct FNV1a {
  private var state: UInt64

  init(seed: UInt64 = 0) { state = 0xcbf2_9ce4_8422_2325 ^ seed }

  mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

  mutating func add(_ bytes: UnsafeRawBufferPointer) { for byte in bytes { add(byte) } }

  func finish() -> UInt64 {
    var mixed = state
    mixed = (mixed ^ (mixed >> 33)) &* 0xff51_afd7_ed55_8ccd
    mixed = (mixed ^ (mixed >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return mixed ^ (mixed >> 33)
  }
}
