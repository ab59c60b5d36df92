// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// A person's key: AES-256-GCM over the texts of their events.
struct PersonalKey: Sendable {
  let bytes: SymmetricKey

  init(bytes: SymmetricKey = SymmetricKey(size: .bits256)) { self.bytes = bytes }

  /// Base64url of nonce, ciphertext and tag. A random nonce of 96 bits is good for four thousand million texts under one key.
  ///
  /// Bound to the place it stands in: it opens as that member of that event and nowhere else.
  func seal(_ text: ArraySlice<UInt8>, as member: String, of event: UUID) throws -> [UInt8] {
    let box = try AES.GCM.seal(text, using: bytes, authenticating: event.bytes + member.utf8)
    var sealed = [UInt8](box.nonce)
    sealed.append(contentsOf: box.ciphertext)
    sealed.append(contentsOf: box.tag)
    return Base64URL.encode(sealed)
  }

  /// - Throws: when it is not what ``seal(_:as:of:)`` made for this place, under this key.
  func open(_ sealed: ArraySlice<UInt8>, as member: String, of event: UUID) throws -> Data {
    guard let combined = Base64URL.decode(sealed) else { throw CryptoKitError.authenticationFailure }
    return try AES.GCM.open(
      AES.GCM.SealedBox(combined: combined), using: bytes, authenticating: event.bytes + member.utf8)
  }
}
