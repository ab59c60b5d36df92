// SPDX-License-Identifier: Apache-2.0

import Crypto
import Domain
import Foundation

/// The key under which personal keys are wrapped. It follows from a secret that is kept outside the database, so that the database alone,
/// or a dump of it, reveals nothing.
struct MasterKey: Sendable {
  static let minimumSecretBytes = 32

  private let key: SymmetricKey

  /// - Throws: ``PersonalKeyError/secretTooShort(bytes:minimum:)``.
  init(secret: [UInt8]) throws(PersonalKeyError) {
    guard secret.count >= Self.minimumSecretBytes else {
      throw .secretTooShort(bytes: secret.count, minimum: Self.minimumSecretBytes)
    }
    key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: secret), info: Data("onefold personal keys 1".utf8), outputByteCount: 32)
  }

  /// 60 bytes: nonce, key, tag. Good for this account only.
  func wrap(_ key: PersonalKey, of account: UUID) throws -> [UInt8] {
    let sealed = try key.bytes.withUnsafeBytes { bytes in
      try AES.GCM.seal(Data(bytes), using: self.key, authenticating: account.bytes)
    }
    return [UInt8](sealed.nonce) + [UInt8](sealed.ciphertext) + [UInt8](sealed.tag)
  }

  /// - Throws: ``PersonalKeyError/wrongSecret``.
  func unwrap(_ wrapped: [UInt8], of account: UUID) throws(PersonalKeyError) -> PersonalKey {
    do {
      let box = try AES.GCM.SealedBox(combined: wrapped)
      return PersonalKey(bytes: SymmetricKey(data: try AES.GCM.open(box, using: key, authenticating: account.bytes)))
    } catch {
      throw .wrongSecret
    }
  }
}

extension UUID {
  /// 16 bytes.
  var bytes: [UInt8] { withUnsafeBytes(of: uuid, Array.init) }
}
