// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Projections
import Testing

/// A file's life, told to its owner.
struct FileHistoryTests {
  private let log = MemoryEventLog()
  private let ada = UUID.v7()
  private let ben = UUID.v7()
  private var history: FileHistory { FileHistory(log: log) }

  @Test func tellsEverythingFromTheUploadToTheRemoval() async throws {
    let (original, copy, third) = (UUID.v7(), UUID.v7(), UUID.v7())
    try await upload(original, "a.txt", ada)
    let job = try await upload(copy, "b.txt", ada)
    try await fail(job, copy, ada)
    try await succeed(job, copy, ada, original: original)
    try await upload(third, "b.txt", ada)
    try await file(FileTrashed(fileId: copy, reason: .replaced, replacedBy: third), copy, ada)
    try await file(FileRestored(fileId: copy), copy, ada)
    try await file(FileTrashed(fileId: copy, reason: .deleted), copy, ada)
    try await file(FileRemoved(fileId: copy, digest: Self.digest, size: 4), copy, ada)

    let entries = try #require(try await history.entries(of: copy, owner: ada)).items
    #expect(
      entries.map(\.event.type) == [
        "file.uploaded", "job.failed", "duplicates.exactMatched", "job.succeeded", "file.trashed", "file.restored",
        "file.trashed", "file.removed",
      ])
    #expect(entries.map { $0.other?.path } == [nil, nil, "a.txt", nil, "b.txt", nil, nil, nil])
    #expect(entries[2].other?.id == original)
    #expect(entries[4].other?.id == third)
  }

  @Test func isThereForItsOwnerAlone() async throws {
    let id = UUID.v7()
    try await upload(id, "a.txt", ada)
    #expect(try await history.entries(of: id, owner: ben) == nil)
    #expect(try await history.entries(of: .v7(), owner: ada) == nil)
  }

  @Test func tellsNothingOfOthersWithTheSameContent() async throws {
    let (adas, bens) = (UUID.v7(), UUID.v7())
    let first = try await upload(adas, "secret.txt", ada)
    let second = try await upload(bens, "mine.txt", ben)
    // Both jobs end at the same time, side by side in the log, and one of them tells of the content.
    try await succeed(first, adas, ada, tellsContent: true)
    try await succeed(second, bens, ben)
    for (id, owner) in [(adas, ada), (bens, ben)] {
      let entries = try #require(try await history.entries(of: id, owner: owner)).items
      #expect(entries.map(\.event.type) == ["file.uploaded", "job.succeeded"])
      #expect(entries.allSatisfy { $0.event.owner == owner })
    }
  }

  @Test(arguments: 1...12) func partsMakeTheWhole(limit: Int) async throws {
    let (original, copy) = (UUID.v7(), UUID.v7())
    try await upload(original, "a.txt", ada)
    let job = try await upload(copy, "b.txt", ada)
    try await file(FileTrashed(fileId: copy, reason: .deleted), copy, ada)
    try await file(FileRestored(fileId: copy), copy, ada)
    try await fail(job, copy, ada)
    try await file(FileTrashed(fileId: copy, reason: .deleted), copy, ada)
    try await succeed(job, copy, ada, original: original)
    for _ in 0..<3 {
      try await file(FileRestored(fileId: copy), copy, ada)
      try await file(FileTrashed(fileId: copy, reason: .deleted), copy, ada)
    }
    let whole = try #require(try await history.entries(of: copy, owner: ada, limit: 100))
    #expect(whole.next == nil)
    #expect(whole.items.count == 13)
    var parts: [FileHistory.Entry] = []
    var after: String?
    repeat {
      let part = try #require(try await history.entries(of: copy, owner: ada, limit: limit, after: after))
      #expect(part.items.count <= limit)
      parts += part.items
      after = part.next
    } while after != nil
    #expect(parts == whole.items)
  }

  private static let digest = Digest(bytes: [UInt8](repeating: 7, count: 32))

  /// - Returns: the id of the upload's event, which is that of its job.
  @discardableResult
  private func upload(_ id: UUID, _ path: String, _ owner: UUID) async throws -> UUID {
    let job = UUID.v7()
    let uploaded = FileUploaded(
      fileId: id, path: path, digest: Self.digest, size: 4, contentType: nil, jobClass: .bulk)
    _ = try await log.append([try part("file", id, uploaded, id: job, owner: owner)])
    return job
  }

  private func file(_ event: some DomainEvent, _ id: UUID, _ owner: UUID) async throws {
    _ = try await log.append([try part("file", id, event, owner: owner)])
  }

  private func fail(_ job: UUID, _ id: UUID, _ owner: UUID) async throws {
    let failed = JobFailed(jobId: job, kind: .analyze, fileId: id, attempt: 1, reason: "busy", retryAt: 0)
    _ = try await log.append([try part("job", job, failed, owner: owner, cause: job)])
  }

  private func succeed(
    _ job: UUID, _ id: UUID, _ owner: UUID, original: UUID? = nil, tellsContent: Bool = false
  ) async throws {
    var parts: [StreamAppend] = []
    if tellsContent {
      let analyzed = ContentAnalyzed(digest: Self.digest, size: 4, storedBytes: 4, codec: .none)
      parts.append(
        StreamAppend(
          stream: StreamName(category: "content", id: Self.digest.hex), expected: .any,
          events: [try NewEvent(analyzed, causationId: job)]))
    }
    if let original {
      let group = DuplicateMatched.groupId(owner: owner, digest: Self.digest)
      let matched = DuplicateMatched(groupId: group, digest: Self.digest, size: 4, fileId: id, originalId: original)
      parts.append(try part("duplicates", group, matched, owner: owner, cause: job))
    }
    let succeeded = JobSucceeded(
      jobId: job, kind: .analyze, fileId: id, digest: Self.digest, size: 4, storedBytes: 4)
    parts.append(try part("job", job, succeeded, owner: owner, cause: job))
    _ = try await log.append(parts)
  }

  private func part(
    _ category: String, _ stream: UUID, _ event: some DomainEvent, id: UUID = .v7(), owner: UUID, cause: UUID? = nil
  ) throws -> StreamAppend {
    StreamAppend(
      stream: StreamName(category: category, id: stream), expected: .any,
      events: [try NewEvent(event, id: id, owner: owner, causationId: cause)])
  }
}
