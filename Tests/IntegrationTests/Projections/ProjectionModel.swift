// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Projections

/// What the read tables must hold, said as plainly as possible: facts are gathered event by event, and every row, count and sum follows
/// from the facts by its definition. Nothing is carried forward from an earlier sum.
struct ProjectionModel {
  struct File {
    var owner: UUID
    var path: String
    var digest: Digest
    var size: Int64
    var contentType: String?
    var position: Position
    var uploadedAt: Date
    var trashedAt: Date?
    var isSettled = false
  }

  struct Job {
    var owner: UUID
    var kind: JobKind
    var jobClass: JobClass
    var position: Position
    var queuePosition: Position
    var queuedAt: Date
    var dueAt: Date
    var fileId: UUID?
    var batchId: UUID?
    var path: String?
    var size: Int64 = 0
    var state = "queued"
    var attempts = 0
    var finishedAt: Date?
    var error: String?
    var fingerprint: String?
    /// As rows.
    var failures: [String] = []
    /// Every time it came to an end.
    var ends: [Date] = []

    var batch: String { "\(batchId?.text ?? "-")|\(owner.text)" }
    var isFinished: Bool { ["succeeded", "dead", "cancelled", "discarded"].contains(state) }
  }

  /// An attempt that ended.
  struct Ending {
    var owner: UUID
    var jobClass: JobClass
    var kind: JobKind
    var outcome: String
    var minute: Int64
  }

  struct Queue {
    var position: Position
    var changedAt: Date
    var isPaused = false
    var reason: String?
    var limits = QueueLimited(scope: .kind, value: "")
  }

  struct Group {
    var owner: UUID
    var digest: Digest
    var size: Int64
    var matchedAt: Date
  }

  struct Account {
    var email: String
    var role: Role
    var isDisabled = false
    var quotaBytes: Int64
    var usedBytes: Int64 = 0
    var version: Int64
    var registeredAt: Date
  }

  struct Owned: Hashable {
    var owner: UUID
    var digest: Digest
  }

  struct Pair: Hashable {
    var owner: UUID
    var digest: Digest
    var other: Digest

    var reversed: Pair { Pair(owner: owner, digest: other, other: digest) }
  }

  /// Those not removed.
  var files: [UUID: File] = [:]
  var jobs: [UUID: Job] = [:]
  /// Finished jobs that were pruned, while their batch has others.
  var pruned: [Job] = []
  var endings: [Ending] = []
  /// By scope and value.
  var queues: [String: Queue] = [:]
  /// Of the last event about jobs.
  var minute: Int64 = 0
  var groups: [UUID: Group] = [:]
  var accounts: [UUID: Account] = [:]
  /// The size of every content that an owner ever had.
  var owned: [Owned: Int64] = [:]
  var settled: [Owned: Int64] = [:]
  var analyzed: [Digest: Int64] = [:]
  var sketched: [Digest: [String: ContentSketched]] = [:]
  /// Both directions.
  var found: [Pair: (at: Date, score: Double, algorithm: String)] = [:]
  /// By owner.
  var thresholds: [UUID: LikenessThresholds] = [:]
  /// Both directions.
  var dismissed: [Pair: (at: Date, decision: UUID)] = [:]
  /// As rows.
  var unrecognised: [String] = []
  /// The size of every content that anybody ever had.
  var contents: [Digest: Int64] = [:]

  init(_ events: [RecordedEvent]) throws {
    for event in events {
      try fold(event)
      if JobsProjection.eventTypes?.contains(event.type) == true {
        minute = Int64((event.recordedAt.timeIntervalSince1970 / 60).rounded(.down))
      }
    }
  }

  private mutating func fold(_ event: RecordedEvent) throws {
    switch event.type {
    case let type where EventCatalog.versions[type] == nil:
      unrecognised.append("\(event.position)|\(event.id.text)|\(event.schemaVersion)|\(type)")
    case FileUploaded.eventType: try uploaded(event)
    case FileTrashed.eventType:
      files[try event.decode(FileTrashed.self).fileId]?.trashedAt = event.recordedAt
    case FileRestored.eventType:
      files[try event.decode(FileRestored.self).fileId]?.trashedAt = nil
    case FileRemoved.eventType:
      files[try event.decode(FileRemoved.self).fileId] = nil
    case ContentAnalyzed.eventType:
      let payload = try event.decode(ContentAnalyzed.self)
      analyzed[payload.digest] = payload.storedBytes
    case DuplicateMatched.eventType:
      let payload = try event.decode(DuplicateMatched.self)
      if groups[payload.groupId] == nil, let owner = event.owner {
        groups[payload.groupId] = Group(
          owner: owner, digest: payload.digest, size: payload.size, matchedAt: event.recordedAt)
      }
    case ContentSketched.eventType:
      let payload = try event.decode(ContentSketched.self)
      sketched[payload.digest, default: [:]][payload.algorithm] = payload
    case DuplicateNearMatched.eventType, DuplicatesDismissed.eventType, DuplicateDecisionUndone.eventType,
      DuplicateThresholdsSet.eventType:
      try likeness(event)
    case _ where event.type.hasPrefix("job."): try job(event)
    case QueuePruned.eventType: try prune(event)
    case _ where event.type.hasPrefix("queue."): try queue(event)
    case AccountErased.eventType: forget(try event.decode(AccountErased.self).accountId)
    default: try account(event)
    }
  }

  private mutating func forget(_ owner: UUID) {
    files = files.filter { $0.value.owner != owner }
    jobs = jobs.filter { $0.value.owner != owner }
    pruned = pruned.filter { $0.owner != owner }
    endings = endings.filter { $0.owner != owner }
    groups = groups.filter { $0.value.owner != owner }
    found = found.filter { $0.key.owner != owner }
    dismissed = dismissed.filter { $0.key.owner != owner }
    thresholds[owner] = nil
    owned = owned.filter { $0.key.owner != owner }
    settled = settled.filter { $0.key.owner != owner }
    accounts[owner] = nil
  }

  private mutating func uploaded(_ event: RecordedEvent) throws {
    let payload = try event.decode(FileUploaded.self)
    guard let owner = event.owner else { return }
    files[payload.fileId] = File(
      owner: owner, path: payload.path, digest: payload.digest, size: payload.size, contentType: payload.contentType,
      position: event.position, uploadedAt: event.recordedAt)
    jobs[event.id] = Job(
      owner: owner, kind: .analyze, jobClass: payload.jobClass, position: event.position, queuePosition: event.position,
      queuedAt: event.recordedAt, dueAt: event.recordedAt, fileId: payload.fileId, batchId: payload.batchId,
      path: payload.path, size: payload.size)
    owned[Owned(owner: owner, digest: payload.digest)] = payload.size
    contents[payload.digest] = payload.size
  }

  private mutating func account(_ event: RecordedEvent) throws {
    guard event.stream.category == "account", let id = UUID(uuidString: event.stream.id) else { return }
    switch event.type {
    case AccountRegistered.eventType:
      let payload = try event.decode(AccountRegistered.self)
      accounts[id] = Account(
        email: payload.email, role: payload.role, quotaBytes: payload.quotaBytes, version: event.version,
        registeredAt: event.recordedAt)
    case AccountRoleChanged.eventType: accounts[id]?.role = try event.decode(AccountRoleChanged.self).role
    case AccountDisabled.eventType: accounts[id]?.isDisabled = true
    case AccountQuotaSet.eventType: accounts[id]?.quotaBytes = try event.decode(AccountQuotaSet.self).quotaBytes
    case AccountQuotaCharged.eventType: accounts[id]?.usedBytes = try event.decode(AccountQuotaCharged.self).usedBytes
    case AccountQuotaReleased.eventType: accounts[id]?.usedBytes = try event.decode(AccountQuotaReleased.self).usedBytes
    default: break
    }
    accounts[id]?.version = event.version
  }
}
