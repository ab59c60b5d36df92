// SPDX-License-Identifier: Apache-2.0

/// Why something about an account or a sign-in was refused.
public enum AccountError: Error, Equatable, CustomStringConvertible {
  /// With the reason, as a sentence.
  case invalidEmail(String)
  case emailTaken
  /// Unknown address or wrong password: it is not said which.
  case wrongCredentials
  /// Told only to someone who knew the password.
  case disabled
  /// Unknown, expired, or of a session that was ended.
  case invalidRefreshToken
  /// A refresh token came a second time: one of two who hold it stole it, so its session was ended.
  case refreshTokenReused
  case unknownAccount

  public var description: String {
    switch self {
    case .invalidEmail(let reason): reason
    case .emailTaken: "There is an account with this email address already."
    case .wrongCredentials: "The email address or the password is wrong."
    case .disabled: "This account is disabled."
    case .invalidRefreshToken: "The refresh token is not valid any more. Sign in again."
    case .refreshTokenReused: "The refresh token was used before. For safety the session was ended: sign in again."
    case .unknownAccount: "There is no such account."
    }
  }
}
