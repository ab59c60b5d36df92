// SPDX-License-Identifier: Apache-2.0

/// Why a password cannot be taken, or could not be hashed.
public enum PasswordError: Error, Equatable, CustomStringConvertible {
  case tooShort(minimumCharacters: Int)
  /// bcrypt reads 72 bytes and would silently ignore the rest.
  case tooLong(maximumBytes: Int)
  /// bcrypt would stop at it.
  case containsNUL
  case tooCommon
  /// As many hashes are waiting as may wait; try again later.
  case busy
  case costOutOfRange(Int)
  /// libcrypt refused, with its `errno`.
  case hashing(errno: Int32)

  public var description: String {
    switch self {
    case .tooShort(let minimum): "The password has fewer than \(minimum) characters."
    case .tooLong(let maximum): "The password has more than \(maximum) bytes in UTF-8."
    case .containsNUL: "The password has a NUL character."
    case .tooCommon: "The password is one of the most common ones."
    case .busy: "Too many passwords are being checked at this moment; try again shortly."
    case .costOutOfRange(let cost): "The bcrypt cost \(cost) is not between 10 and 31."
    case .hashing(let errno): "libcrypt could not hash the password (errno \(errno))."
    }
  }

  public var isTransient: Bool { self == .busy }
}
