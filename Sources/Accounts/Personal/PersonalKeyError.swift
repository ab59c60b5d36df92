// SPDX-License-Identifier: Apache-2.0

import Domain
public import Foundation

/// Why something personal cannot be written or read.
public enum PersonalKeyError: Error, Equatable, CustomStringConvertible {
  case noSecret
  case secretTooShort(bytes: Int, minimum: Int)
  /// The keys were wrapped under another secret. Never taken for an erasure.
  case wrongSecret
  /// There never was a key, although something was written under it: rows of `personal.key` are missing.
  case missing(account: UUID)
  /// The person was forgotten: nothing more can be written about them.
  case destroyed(account: UUID)
  /// A personal event belongs to somebody.
  case ownerless(type: String)

  public var description: String {
    switch self {
    case .noSecret:
      "Personal data cannot be read or written without the secret of its keys: set ONEFOLD_KEY_SECRET, to the same for all roles."
    case .secretTooShort(let bytes, let minimum):
      "ONEFOLD_KEY_SECRET has \(bytes) bytes; at least \(minimum) are needed."
    case .wrongSecret: "ONEFOLD_KEY_SECRET is not the secret under which this database's personal keys were wrapped."
    case .missing(let account): "The key of account \(account.text) is missing in personal.key, and was not destroyed."
    case .destroyed(let account): "Account \(account.text) was erased."
    case .ownerless(let type): "An event \(type) has personal members and no owner."
    }
  }
}
