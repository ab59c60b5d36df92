// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// The private key that signs seals: Ed25519, kept as a file of one line, the 32 bytes in base64url.
///
/// Whoever has it can rewrite the log and seal it anew, so it lives where the sealer runs and nowhere else.
public struct SealKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// A new key.
  public init() { key = Curve25519.Signing.PrivateKey() }

  /// Reads a key file's text.
  /// - Throws: ``SealKeyError``.
  public init(text: String) throws(SealKeyError) {
    let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
      .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    guard let bytes = Data(base64Encoded: line + String(repeating: "=", count: (4 - line.utf8.count % 4) % 4)),
      bytes.count == 32, let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    else { throw SealKeyError() }
    self.key = key
  }

  /// What the file holds: a secret.
  public var text: String {
    key.rawRepresentation.base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }

  public var publicKey: SealPublicKey { SealPublicKey(bytes: Array(key.publicKey.rawRepresentation)) }

  /// 64 bytes.
  func signature(for message: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: Data(message))) }
}

/// The text is no seal key. It is a secret, so it is not quoted.
public struct SealKeyError: Error, CustomStringConvertible {
  public var description: String {
    "This is no seal key: one line of 43 characters, as `onefold seal new-key` writes it."
  }
}
