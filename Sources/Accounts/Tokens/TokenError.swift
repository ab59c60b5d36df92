// SPDX-License-Identifier: Apache-2.0

/// Why an access token is not accepted, or none can be issued.
public enum TokenError: Error, Equatable, CustomStringConvertible {
  /// Not one of ours, or not as we made it. Says no more than that: whoever forges gets no help.
  case invalid
  case expired
  case secretTooShort(bytes: Int, minimum: Int)
  /// The same secret as the current and as the previous one.
  case secretNotRotated

  public var description: String {
    switch self {
    case .invalid: "The access token is not valid."
    case .expired: "The access token has expired."
    case .secretTooShort(let bytes, let minimum): "The token secret has \(bytes) bytes; at least \(minimum) are needed."
    case .secretNotRotated: "The previous token secret is the current one."
    }
  }
}
