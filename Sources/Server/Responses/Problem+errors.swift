// SPDX-License-Identifier: Apache-2.0

import Accounts
import Audit
import BlobStore
import Domain
import Duplicates
import EventStore
import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import NIOHTTP1
import Parsing
import Postgres
import Projections
import Redis

extension Problem {
  /// The one place where errors of all modules become answers. What is not listed is a 500 that says nothing.
  init(_ error: any Error) {
    self =
      switch error {
      case let problem as Problem: problem
      case let error as FilePath.Invalid: .invalidPath(error.description)
      case let error as ContentDigest.Malformed: .invalidRequest(error.description)
      case let error as PasswordError: Self.password(error)
      case let error as TokenError: Self.token(error)
      case let error as AccountError: Self.account(error)
      case let error as FileLedgerError: Self.ledger(error)
      case let error as JobControlError: Self.job(error)
      case DuplicateDecisionError.unknownDecision: .notFound
      case DuplicateDecisionError.contended: .conflict(DuplicateDecisionError.contended.description)
      case PersonalKeyError.destroyed: Self.ledger(.unknownAccount)
      case let error as InvalidCursor: .invalidRequest(error.description)
      case let error as RebuildError: Self.rebuild(error)
      case let error as AuditError: Self.audit(error)
      case let error as TimeTravelError: Self.timeTravel(error)
      case let error as WaitTimeout: .notYet(position: error.wanted.rawValue)
      case let error as PostgresError: Self.database(error)
      case let error as BlobStoreError: Self.blob(error)
      case ParsingError.unreadable(let reason): .invalidValue("It cannot be read as a picture. \(reason)")
      case ParsingError.unavailable: .unavailable("There is nothing to read pictures with at the moment.")
      case let error as EventLogError: Self.log(error)
      case let error as LogTampered: .logTampered(error.description)
      case let error as RedisError where error.isTransient: .unavailable("Redis does not answer.")
      case is BodyTooSlow: .tooSlow
      case let error as HTTPParserError: Self.parser(error)
      case is IOError, is ChannelError: .incompleteBody
      case is CancellationError: .unavailable("The server is stopping.")
      case let error as HTTPError: Self.router(error)
      default: .internal
      }
  }

  private static func password(_ error: PasswordError) -> Problem {
    switch error {
    case .tooShort, .tooLong, .containsNUL, .tooCommon: .invalidValue(error.description)
    case .busy: .unavailable(error.description)
    case .costOutOfRange, .hashing: .internal
    }
  }

  private static func account(_ error: AccountError) -> Problem {
    switch error {
    case .invalidEmail: .invalidValue(error.description)
    case .emailTaken: .emailTaken
    case .wrongCredentials: .invalidCredentials
    case .disabled: .forbidden(error.description)
    case .invalidRefreshToken, .refreshTokenReused: .unauthenticated(error.description, tokenSent: true)
    case .unknownAccount: .notFound
    }
  }

  private static func job(_ error: JobControlError) -> Problem {
    switch error {
    case .unknownJob: .notFound
    case .jobIsOpen: .jobIsOpen
    case .jobHasEnded: .jobHasEnded
    case .jobIsNoDeadLetter: .jobIsNoDeadLetter
    case .contended: .conflict(error.description)
    case .unknownQueue(let sentence): .invalidValue(sentence)
    }
  }

  private static func audit(_ error: AuditError) -> Problem {
    switch error {
    case .malformed: .invalidRequest("The parameter \(error.description)")
    case .unknownAccount: .invalidValue(error.description)
    }
  }

  private static func timeTravel(_ error: TimeTravelError) -> Problem {
    switch error {
    case .inTheFuture: .inTheFuture(error.description)
    case .beforeTheAccount: .beforeTheAccount
    case .tooMuchHistory, .tooSlow: .tooMuchHistory(error.description)
    }
  }

  private static func database(_ error: PostgresError) -> Problem {
    // The one value of a Swift string that a Postgres text cannot hold.
    if error.sqlState == "22021" { return .invalidRequest("A text has a NUL character.") }
    // Whether a commit happened is told to whoever sends the write again.
    let isAway = error.isTransient || [.closed, .cancelled, .commitUnknown].contains(error.code)
    return isAway ? .unavailable("The database does not answer.") : .internal
  }

  private static func token(_ error: TokenError) -> Problem {
    switch error {
    case .invalid, .expired: .unauthenticated(error.description, tokenSent: true)
    case .secretTooShort, .secretNotRotated: .internal
    }
  }

  private static func blob(_ error: BlobStoreError) -> Problem {
    switch error {
    case .mismatch: .digestMismatch
    case .full: .storageFull
    case .unavailable: .unavailable("The place where contents are kept does not answer.")
    case .notFound, .damaged, .rangeOutside, .closed, .foreign, .system: .internal
    }
  }

  private static func ledger(_ error: FileLedgerError) -> Problem {
    switch error {
    case .quotaExceeded: .quotaExceeded(error.description)
    case .unknownAccount: .unauthenticated("The account does not exist any more.", tokenSent: true)
    case .accountDisabled: .forbidden(error.description)
    case .unknownFile: .notFound
    case .fileIsTrashed: .fileIsTrashed
    case .fileIsLive: .fileIsLive
    case .pathTaken: .pathTaken
    case .idempotencyKeyReused: .idempotencyKeyReused
    case .contended: .conflict(error.description)
    }
  }

  private static func rebuild(_ error: RebuildError) -> Problem {
    switch error {
    case .alreadyRunning: .alreadyRebuilding(error.description)
    case .unknownProjection: .notFound
    case .nothingToRollBackTo: .nothingToRollBackTo(error.description)
    }
  }

  private static func log(_ error: EventLogError) -> Problem {
    switch error {
    case .versionConflict: .conflict("Another request changed the same thing at the same moment; try again.")
    case .eventIdReused: .idempotencyKeyReused
    }
  }

  private static func parser(_ error: HTTPParserError) -> Problem {
    switch error {
    case .invalidEOFState: .incompleteBody
    default: .invalidRequest("The body is not framed as HTTP/1.1 asks.")
    }
  }

  /// What Hummingbird throws by itself: a path or a parameter that is not there.
  private static func router(_ error: HTTPError) -> Problem {
    switch error.status {
    case .notFound: .notFound
    case .contentTooLarge: .contentTooLarge(limit: Int64(ServerContext.maxBodyBytes))
    case .badRequest: .invalidRequest(error.body ?? "The request is malformed.")
    default: .internal
    }
  }
}
