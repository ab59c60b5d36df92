// SPDX-License-Identifier: Apache-2.0

import Crypto
import Domain
import Foundation

/// Whom to believe: the public half of a seal key, written `ed25519:<64 hex digits>`.
public struct SealPublicKey: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes, as RFC 8032 has them.
  public let bytes: [UInt8]

  private static let prefix = "ed25519:"

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Reads `ed25519:<hex>`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    guard text.hasPrefix(Self.prefix), let bytes = [UInt8](hex: text.dropFirst(Self.prefix.count)), bytes.count == 32
    else { return nil }
    self.bytes = bytes
  }

  public var description: String { Self.prefix + bytes.hex }

  /// Did whoever holds the private half sign this message? About 0.1 ms.
  func hasSigned(_ message: [UInt8], with signature: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
    return key.isValidSignature(Data(signature), for: Data(message))
  }
}
