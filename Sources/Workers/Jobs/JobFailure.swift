// SPDX-License-Identifier: Apache-2.0

import BlobStore
import EventStore
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
    /// Another worker has ended the job.
    case stale
  }

  public var remedy: Remedy
  /// Short and constant: equal for failures with one cause.
  public var code: String
  public var reason: String

  public init(_ remedy: Remedy, code: String, reason: String) {
    self.remedy = remedy
    self.code = code
    self.reason = reason
  }

  public init(_ error: any Error) {
    switch error {
    case let failure as JobFailure: self = failure
    case let error as BlobStoreError: self.init(blob: error)
    case let error as PostgresError:
      self.init(
        error.isTransient || error.code == .commitUnknown ? .wait : .retry, code: "postgres", reason: "\(error)")
    case let error as RedisError: self.init(error.isTransient ? .wait : .retry, code: "redis", reason: "\(error)")
    case let error as EventDecodingError: self.init(.bury, code: "event.undecodable", reason: "\(error)")
    case let error as EventLogError: self.init(.retry, code: "log", reason: "\(error)")
    default: self.init(.retry, code: "\(type(of: error))", reason: "\(error)")
    }
  }

  private init(blob error: BlobStoreError) {
    switch error {
    case .notFound: self.init(.bury, code: "blob.notFound", reason: "\(error)")
    case .damaged: self.init(.bury, code: "blob.damaged", reason: "\(error)")
    case .full: self.init(.retry, code: "blob.full", reason: "\(error)")
    case .mismatch, .rangeOutside, .closed, .system: self.init(.retry, code: "blob.system", reason: "\(error)")
    }
  }

  public var description: String { reason }
}
