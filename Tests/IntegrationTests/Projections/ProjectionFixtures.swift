// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Projections
import Redis
import TestSupport

/// A pool on a fresh database with all migrations applied.
func withPool<Value>(
  role: String? = "onefold_app", _ body: (PostgresPool) async throws -> Value
) async throws -> Value {
  try await withMigratedDatabase(role: role) { configuration in
    let pool = PostgresPool(configuration: configuration, size: 16, logger: Logger(label: "test"))
    let result: Result<Value, any Error>
    do { result = .success(try await body(pool)) } catch { result = .failure(error) }
    await pool.close()
    return try result.get()
  }
}

/// Runs services beside `body`, and cancels them when it is done.
func running<Value: Sendable>(
  _ services: [@Sendable () async throws -> Void], _ body: () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for service in services { group.addTask { try await service() } }
    let value = try await body()
    group.cancelAll()
    while let result = await group.nextResult() {
      if case .failure(let error) = result, !(error is CancellationError) { throw error }
    }
    return value
  }
}

func runner(
  _ projection: any Projection, _ pool: PostgresPool, _ log: any EventLog, positions: ProjectionPositions? = nil,
  options: ProjectionRunner.Options = .fast
) -> ProjectionRunner {
  ProjectionRunner(
    projection, pool: pool, log: log, positions: positions, options: options, logger: Logger(label: "test"))
}

extension ProjectionRunner.Options {
  /// Waits that a test can wait for.
  static var fast: Self {
    var options = Self()
    options.backoff.first = .milliseconds(1)
    options.standby = .milliseconds(5)
    options.stoppedPoll = .milliseconds(5)
    return options
  }
}

/// Events of one owner, appended one call at a time.
struct Uploads {
  let owner: UUID
  let log: any EventLog

  init(owner: UUID = .v7(), log: any EventLog) {
    self.owner = owner
    self.log = log
  }

  @discardableResult
  func upload(_ path: String, content: Int, id: UUID = .v7(), job: UUID = .v7(), class: JobClass = .bulk) async throws
    -> Position
  {
    let event = FileUploaded(
      fileId: id, path: path, digest: GeneratedHistory.digest(content), size: GeneratedHistory.size(content),
      contentType: nil, jobClass: `class`)
    return try await append("file", id.text, event, id: job)
  }

  @discardableResult
  func trash(_ id: UUID) async throws -> Position {
    try await append("file", id.text, FileTrashed(fileId: id, reason: .deleted))
  }

  @discardableResult
  func match(_ id: UUID, with original: UUID, content: Int) async throws -> Position {
    let digest = GeneratedHistory.digest(content)
    let group = DuplicateMatched.groupId(owner: owner, digest: digest)
    return try await append(
      "duplicates", group.text,
      DuplicateMatched(
        groupId: group, digest: digest, size: GeneratedHistory.size(content), fileId: id, originalId: original))
  }

  @discardableResult
  func succeed(_ job: UUID, file: UUID, content: Int) async throws -> Position {
    let size = GeneratedHistory.size(content)
    return try await append(
      "job", job.text,
      JobSucceeded(
        jobId: job, kind: .analyze, fileId: file, digest: GeneratedHistory.digest(content), size: size,
        storedBytes: size / 3))
  }

  @discardableResult
  func append(_ category: String, _ stream: String, _ event: some DomainEvent, id: UUID = .v7()) async throws
    -> Position
  {
    try await log.append(
      to: StreamName(category: category, id: stream), expected: .any, [try NewEvent(event, id: id, owner: owner)]
    ).last
  }
}
