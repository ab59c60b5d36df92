// SPDX-License-Identifier: Apache-2.0

/// Which events an administrator asks for, in words; what is nil or empty does not restrict, and all that is given must hold.
public struct AuditFilter: Equatable, Sendable {
  /// Who did it: an account's id or its email.
  public var actor: String?
  /// Whose data it is about: an account's id or its email.
  public var owner: String?
  public var types: [String] = []
  /// What a type says before its dot.
  public var category: String?
  public var stream: String?
  public var correlation: String?
  /// The first event: its position, or a time as RFC 3339 writes it.
  public var from: String?
  /// The last event: its position, or a time.
  public var to: String?
  /// Found in payloads, whatever the case of its letters.
  public var text: String?

  public init() {}
}

/// Why a question to the log makes no sense.
public enum AuditError: Error, Equatable, CustomStringConvertible {
  /// A part of the filter is not what it must be.
  case malformed(part: String, expected: String)
  /// Nobody has this email, or nobody has it any more.
  case unknownAccount(email: String)

  public var description: String {
    switch self {
    case .malformed(let part, let expected): "\"\(part)\" must be \(expected)."
    case .unknownAccount(let email):
      "There is no account with the address \"\(email)\"; its id finds what it left in the log."
    }
  }
}
