// SPDX-License-Identifier: Apache-2.0

import Domain
public import Foundation

/// Why a command on files was refused. Nothing was appended then.
public enum FileLedgerError: Error, Equatable, CustomStringConvertible {
  case quotaExceeded(limit: Int64, used: Int64, requested: Int64)
  case unknownAccount
  case accountDisabled
  /// Never was, has been removed, or is someone else's: one answer for all three.
  case unknownFile
  case fileIsTrashed
  case fileIsLive
  /// A live file has the path.
  case pathTaken(by: UUID)
  /// The key was used before, for another path or other bytes.
  case idempotencyKeyReused
  /// Other servers kept changing the account; try again.
  case contended

  public var description: String {
    switch self {
    case .quotaExceeded(let limit, let used, let requested):
      "The quota is \(limit) bytes, of which \(used) are used; \(requested) more do not fit."
    case .unknownAccount: "There is no such account."
    case .accountDisabled: "The account is disabled."
    case .unknownFile: "There is no such file."
    case .fileIsTrashed: "The file is in the trash."
    case .fileIsLive: "The file is not in the trash."
    case .pathTaken: "Another file has that path."
    case .idempotencyKeyReused: "The idempotency key was used before, for another upload."
    case .contended: "The account is being changed from elsewhere; try again shortly."
    }
  }

  public var isTransient: Bool { self == .contended }

  init(_ refusal: AccountDecider.Refusal) {
    switch refusal {
    case .quotaExceeded(let limit, let used, let requested):
      self = .quotaExceeded(limit: limit, used: used, requested: requested)
    case .disabled: self = .accountDisabled
    case .unknownAccount: self = .unknownAccount
    // The file was removed by another server between two looks: at the file, and at the account.
    case .releaseExceedsUse: self = .contended
    case .alreadyRegistered, .negativeBytes, .inUse:
      preconditionFailure("the ledger charges what files have and releases what it charged, but: \(refusal)")
    }
  }

  init(_ refusal: FileDecider.Refusal) {
    switch refusal {
    case .unknownFile: self = .unknownFile
    case .fileIsTrashed: self = .fileIsTrashed
    case .fileIsLive: self = .fileIsLive
    case .alreadyUploaded: self = .idempotencyKeyReused
    }
  }
}
