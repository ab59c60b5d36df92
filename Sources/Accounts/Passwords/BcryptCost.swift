// SPDX-License-Identifier: Apache-2.0

/// The base-2 logarithm of bcrypt's rounds: one more doubles the time of every guess, and of every sign-in.
public struct BcryptCost: Equatable, Sendable {
  public let value: Int

  /// 12: some 0.2 s of one core.
  public static let standard = BcryptCost(value: 12)

  /// - Throws: ``PasswordError/costOutOfRange(_:)`` below 10 or above 31.
  public init(_ value: Int) throws(PasswordError) {
    guard (10...31).contains(value) else { throw .costOutOfRange(value) }
    self.init(value: value)
  }

  /// 4, the least that bcrypt knows: for tests, where nothing is secret and time is short.
  public static let insecureForTests = BcryptCost(value: 4)

  private init(value: Int) { self.value = value }
}
