// SPDX-License-Identifier: Apache-2.0

import Foundation

/// JSON with one spelling for each value, so that equal payloads are equal bytes and can be hashed and compared.
///
/// Keys are sorted, there is no white space, and only what JSON demands is escaped. Identifiers are written in lower case, as
/// everywhere else in Onefold; Foundation's encoder would write them in upper case. An absent optional leaves no key.
public enum CanonicalJSON {
  /// - Throws: `EncodingError` for a number that JSON cannot hold (infinite, not a number).
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    let node = JSONNode()
    try node.fill(with: value, at: [])
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)
    node.write(to: &bytes)
    return bytes
  }

  /// Reads what ``encode(_:)`` wrote, and any other JSON of that shape.
  public static func decode<Value: Decodable>(_: Value.Type, from bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(bytes))
  }
}
