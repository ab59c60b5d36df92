// SPDX-License-Identifier: Apache-2.0

/// A number for each value of a byte, by which a rolling hash is made.
///
/// The numbers follow from a secret of the installation: whoever does not know it cannot tell from the lengths of stored chunks
/// which known file they are of.
public struct GearTable: Sendable {
  let values: [UInt64]
  /// Says whether two tables are the same one, without giving them away: 16 hex digits.
  public let fingerprint: String

  public init(secret: [UInt8]) {
    var values: [UInt64] = []
    values.reserveCapacity(256)
    for counter in UInt8(0)..<64 {
      let block = SHA256Hasher.hash(Array("onefold gear".utf8) + [counter] + secret)
      for word in 0..<4 { values.append(block.span.bytes.littleEndian64(at: word * 8)) }
    }
    self.values = values
    let digest = SHA256Hasher.hash(Array("onefold gear fingerprint".utf8) + secret)
    fingerprint = digest.prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count < 2 ? "0" + digits : digits
    }.joined()
  }
}
