// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import EventStore
import Foundation
import NIOCore
import Synchronization

@testable import Workers

/// A log and a blob store in memory, with uploads in them.
struct Material {
  let log = MemoryEventLog()
  let blobs = MemoryBlobStore()
  let owner = UUID.v7()

  /// An upload, its job, and what Redis would know of it.
  struct Upload {
    let id: UUID
    let fileId: UUID
    var entry: JobEntry

    var position: Position { entry.position }
  }

  /// Stores a content and appends its upload.
  func upload(_ text: String, owner: UUID? = nil, storing: Bool = true) async throws -> Upload {
    let staged = try await blobs.stage()
    try await staged.write(ByteBuffer(string: text))
    let published = try await staged.finish()
    let digest = storing ? published.digest : Digest(bytes: published.digest.bytes.reversed())
    let file = FileUploaded(
      fileId: .v7(), path: "\(text).txt", digest: digest, size: published.size, contentType: nil, jobClass: .bulk)
    let event = try NewEvent(file, owner: owner ?? self.owner, correlationId: .v7())
    let result = try await log.append(
      to: StreamName(category: "file", id: file.fileId), expected: .noStream, [event])
    return Upload(
      id: event.id, fileId: file.fileId,
      entry: JobEntry(position: result.last, kind: .analyze, jobClass: .bulk, owner: owner ?? self.owner))
  }

  func open(_ uploads: Upload...) async throws -> [OpenJob] { try await open(uploads.map(\.entry)) }

  func open(_ entries: [JobEntry]) async throws -> [OpenJob] {
    let standings = try await JobLedger(log: log).standings(of: entries)
    return entries.compactMap { entry in
      if case .open(let job) = standings[entry.position] { job } else { nil }
    }
  }

  func types() async throws -> [String] {
    try await log.read(after: .start, limit: 1000).map(\.type)
  }
}

/// Gives the verdicts it was made with; unique for all others.
struct FixedFinder: DuplicateFinder {
  var verdicts: [UUID: DuplicateVerdict] = [:]
  var error: JobFailure?

  func find(_ questions: [DuplicateQuestion]) async throws -> [UUID: DuplicateVerdict] {
    if let error { throw error }
    return Dictionary(uniqueKeysWithValues: questions.map { ($0.fileId, verdicts[$0.fileId] ?? .unique) })
  }
}

/// What a handler reported, by job.
final class Reports: Sendable {
  private let outcomes = Mutex<[UUID: [JobFailure?]]>([:])

  var report: JobReport {
    JobReport { jobs, result in
      self.outcomes.withLock { outcomes in
        for job in jobs {
          switch result {
          case .success: outcomes[job.id, default: []].append(nil)
          case .failure(let error): outcomes[job.id, default: []].append(JobFailure(error))
          }
        }
      }
    }
  }

  /// One report for each job, each of them a success.
  func allSucceeded(_ jobs: [OpenJob]) -> Bool {
    outcomes.withLock { $0 == Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, [nil]) }) }
  }

  func failure(of job: OpenJob) -> JobFailure? { outcomes.withLock { $0[job.id]?.first ?? nil } }
}
