// SPDX-License-Identifier: Apache-2.0

import BlobStore
public import EventStore
import Postgres
import Redis

/// Why a job did not succeed, and what to do about it.
public struct JobFailure: Error, Equatable, CustomStringConvertible {
  public enum Remedy: Sendable, Equatable {
    /// Try again after a growing pause; past the limit of attempts it becomes a dead letter.
    case retry
    /// It will never succeed: a dead letter at once.
    case bury
    /// Not the job's fault: something it needs is away. Again soon, without using an attempt.
    case wait
    /// The same, not before this long.
    case later(Duration)
    /// Another worker has ended the job, or somebody has cancelled it.
    case stale
  }

  public var remedy: Remedy
  /// Short and constant: equal for failures with one cause.
  public var code: String
  /// A sentence for the file's owner. It stays in the log, so it tells nothing of the machine.
  public var reason: String
  /// For our own logs.
  public var detail: String

  /// - Parameter detail: nil if the reason says it all.
  public init(_ remedy: Remedy, code: String, reason: String, detail: String? = nil) {
    self.remedy = remedy
    self.code = code
    self.reason = reason
    self.detail = detail ?? reason
  }

  /// The log has refused a result: the job's stream has gone on without this worker.
  public static func ended(_ error: EventLogError) -> JobFailure {
    JobFailure(.stale, code: "job.ended", reason: "\(error)")
  }

  public init(_ error: any Error) {
    switch error {
    case let failure as JobFailure: self = failure
    case let error as BlobStoreError: self.init(blob: error)
    case let error as PostgresError:
      let isAway = error.isTransient || error.code == .commitUnknown
      self.init(isAway ? .wait : .retry, code: "postgres", reason: "The database refused the work.", detail: "\(error)")
    case let error as RedisError:
      self.init(
        error.isTransient ? .wait : .retry, code: "redis", reason: "The queue refused the work.", detail: "\(error)")
    case let error as EventDecodingError:
      self.init(
        .bury, code: "event.undecodable", reason: "The event that caused the job cannot be read.", detail: "\(error)")
    case let error as EventLogError:
      self.init(.retry, code: "log", reason: "The log refused the result.", detail: "\(error)")
    default:
      self.init(.retry, code: "\(type(of: error))", reason: "Something unexpected went wrong.", detail: "\(error)")
    }
  }

  private init(blob error: BlobStoreError) {
    let detail = "\(error)"
    switch error {
    case .notFound:
      self.init(.bury, code: "blob.notFound", reason: "The stored content is missing.", detail: detail)
    case .damaged:
      self.init(.bury, code: "blob.damaged", reason: "The stored content is damaged.", detail: detail)
    case .full:
      // However long it takes somebody to make room: attempts would run out long before.
      self.init(.later(.seconds(15)), code: "blob.full", reason: "The disk is full.", detail: detail)
    case .unavailable:
      self.init(
        .later(.seconds(15)), code: "blob.unavailable", reason: "The place where contents are kept does not answer.",
        detail: detail)
    case .mismatch, .rangeOutside, .closed, .foreign, .system:
      self.init(.retry, code: "blob.system", reason: "The stored content could not be worked on.", detail: detail)
    }
  }

  public var description: String { detail }
}
