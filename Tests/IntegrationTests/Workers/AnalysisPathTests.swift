// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import EventStore
import Foundation
import Logging
import NIOCore
import Postgres
import Projections
import Redis
import ServiceLifecycle
import TestSupport
import Testing

@testable import Workers

/// From uploads in the log to matches in the log, through everything in between: relay, Redis, projection of files, blobs on disk.
@Suite("Workers: from upload to match")
struct AnalysisPathTests {
  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  struct Upload {
    let fileId = UUID.v7()
    let owner: UUID
    let digest: Digest
    let size: Int64
  }

  @Test func matchesEqualABruteForceComparison() async throws {
    try await withMigratedDatabase { database in
      try await withRedis { redis in
        let bench = try Bench(database, redis)
        let uploads = try await bench.upload(files: 400, contents: 90, owners: 3, seed: 11)
        try await bench.running {
          try await eventually("all jobs should end") {
            try await bench.events(JobSucceeded.self).count == uploads.count
          }
        }
        try await bench.check(uploads)
        try await bench.close()
      }
    }
  }

  @Test func flushOfRedisInTheMiddleLosesAndDoublesNothing() async throws {
    try await withMigratedDatabase { database in
      try await withRedis { redis in
        let bench = try Bench(database, redis)
        var uploads = try await bench.upload(files: 200, contents: 40, owners: 2, seed: 12)
        try await bench.running {
          // At whatever step the relay and the workers happen to be.
          for round in UInt64(1)...10 {
            try await eventually("some jobs should end") {
              try await bench.events(JobSucceeded.self).count > round * 20
            }
            _ = try await bench.redis.command(["FLUSHALL"])
            uploads += try await bench.upload(files: 40, contents: 40, owners: 2, seed: 12 + round)
          }
          try await eventually("all jobs should end") {
            try await bench.events(JobSucceeded.self).count == uploads.count
          }
        }
        try await bench.check(uploads)
        try await bench.close()
      }
    }
  }

  /// One process' worth of services.
  struct Bench {
    let pool: PostgresPool
    let redis: RedisClient
    let log: PostgresEventLog
    let blobs: LocalBlobStore
    let positions: ProjectionPositions
    let owners = (0..<3).map { _ in UUID.v7() }

    init(_ database: PostgresConfiguration, _ redis: RedisConfiguration) throws {
      pool = PostgresPool(configuration: database, size: 8, logger: AnalysisPathTests.quiet)
      self.redis = RedisClient(configuration: redis, logger: AnalysisPathTests.quiet)
      log = PostgresEventLog(pool: pool, redis: self.redis, logger: AnalysisPathTests.quiet)
      blobs = try LocalBlobStore(root: TestServices.makeDirectory("blobs").path, database: pool)
      positions = ProjectionPositions(pool: pool, redis: self.redis, logger: AnalysisPathTests.quiet)
    }

    /// Uploads files with contents drawn from a few, as the server does: bytes first, then the event.
    func upload(files: Int, contents: Int, owners ownerCount: Int, seed: UInt64) async throws -> [Upload] {
      var random = SeededGenerator(seed: seed)
      var uploads: [Upload] = []
      var appends: [[StreamAppend]] = []
      for _ in 0..<files {
        let number = Int.random(in: 0..<contents, using: &random)
        let staged = try await blobs.stage()
        try await staged.write(ByteBuffer(repeating: UInt8(number % 251), count: 20 + number * 101))
        let blob = try await staged.finish()
        let upload = Upload(
          owner: owners[Int.random(in: 0..<ownerCount, using: &random)], digest: blob.digest, size: blob.size)
        let event = FileUploaded(
          fileId: upload.fileId, path: "\(upload.fileId.text)", digest: blob.digest, size: blob.size, contentType: nil,
          jobClass: .bulk)
        appends.append([
          StreamAppend(
            stream: StreamName(category: "file", id: upload.fileId), expected: .noStream,
            events: [try NewEvent(event, owner: upload.owner)])
        ])
        uploads.append(upload)
      }
      for append in appends { _ = try await log.append(append) }
      return uploads
    }

    func running(_ body: () async throws -> Void) async throws {
      let jobs = JobViews(pool: pool)
      let logger = AnalysisPathTests.quiet
      let relay = Relay(
        log: log, pool: pool, redis: redis, target: JobRelay(log: log) { try await jobs.resumePosition() },
        logger: logger)
      var options = WorkerOptions()
      options.silence = .seconds(2)
      let finder = ProjectedDuplicateFinder(files: FileViews(pool: pool), positions: positions)
      let workers = WorkerPool(
        redis: redis, log: log, handlers: [AnalyzeJob(log: log, blobs: blobs, finder: finder, parser: nil)],
        options: options,
        logger: logger)
      let projections: [any Projection] = [FilesProjection(), JobsProjection()]
      let runners = projections.map {
        ProjectionRunner($0, pool: pool, log: log, redis: redis, positions: positions, logger: logger)
      }
      let services: [any Service] = [log, positions, relay] + runners + [workers]
      let group = ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: logger))
      async let ended: Void = group.run()
      let result: Result<Void, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      await group.triggerGracefulShutdown()
      try await ended
      try result.get()
    }

    func events<E: DomainEvent>(_ type: E.Type) async throws -> [E] {
      try await log.read(after: .start, limit: 100_000, filter: .types([E.eventType])).map { try $0.decode(type) }
    }

    /// What a comparison of every file with every earlier one finds is what the log says.
    func check(_ uploads: [Upload]) async throws {
      var originals: [String: UUID] = [:]
      var expected: [UUID: UUID] = [:]
      for upload in uploads {
        let key = "\(upload.owner) \(upload.digest)"
        if let original = originals[key] { expected[upload.fileId] = original } else { originals[key] = upload.fileId }
      }
      let matches = try await events(DuplicateMatched.self)
      #expect(matches.count == expected.count)
      #expect(Dictionary(matches.map { ($0.fileId, $0.originalId) }) { first, _ in first } == expected)
      let contents = try await events(ContentAnalyzed.self).map(\.digest)
      #expect(contents.count == Set(contents).count)
      #expect(Set(contents) == Set(uploads.map(\.digest)))
      let succeeded = try await events(JobSucceeded.self).map(\.fileId)
      #expect(succeeded.count == uploads.count && Set(succeeded) == Set(uploads.map(\.fileId)))
      #expect(try await events(JobFailed.self).isEmpty)
    }

    func close() async throws {
      await redis.close()
      await pool.close()
    }
  }

}
