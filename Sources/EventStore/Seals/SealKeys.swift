// SPDX-License-Identifier: Apache-2.0

/// The keys a sealer holds: the one that signs, and, while keys are changed over, the one that shall sign next.
///
/// Every seal names the key of the seal after it, so a change needs nothing but both keys for the length of one seal: the old one
/// signs it and appoints the new one, which signs all that follow.
public struct SealKeys: Sendable {
  public let current: SealKey
  public let next: SealKey?

  public init(current: SealKey, next: SealKey? = nil) {
    self.current = current
    self.next = next
  }

  /// The key to sign with after `last`, and the one to appoint. With no seal yet, the current one begins.
  /// - Throws: ``SealerError/notAppointed(_:by:)`` when the last seal appoints a key that is not here.
  func signing(after last: Seal?) throws(SealerError) -> (key: SealKey, nextKey: SealPublicKey) {
    let appointed = last?.nextKey ?? current.publicKey
    guard let key = [current, next].compactMap(\.self).first(where: { $0.publicKey == appointed }) else {
      throw .notAppointed(appointed, by: last?.number ?? 0)
    }
    return (key, next?.publicKey ?? key.publicKey)
  }
}
