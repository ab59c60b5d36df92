// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The one way in which payloads are written: sorted keys, no spaces, slashes as they are, UTF-8.
///
/// The log keeps these bytes exactly, so that they can be hashed and compared for as long as the log lives.
public enum CanonicalJSON {
  // Shared: both classes are safe to use from many threads as long as nobody changes their settings.
  private static let encoder: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }()
  private static let decoder = JSONDecoder()

  /// - Throws: `EncodingError`, for values that JSON cannot hold.
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    [UInt8](try encoder.encode(value))
  }

  /// - Throws: `DecodingError`.
  public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    try decoder.decode(type, from: Data(bytes))
  }
}
