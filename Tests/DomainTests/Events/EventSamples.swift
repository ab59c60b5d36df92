// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// One event of each type, equal to the golden file of its type and version.
enum EventSamples {
  static let account = id(1), file = id(2), group = id(3), session = id(4), job = id(5)

  static let digest = Digest(
    bytes: [UInt8](hex: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") ?? [])

  static let otherDigest = Digest(bytes: Array(repeating: 0xb5, count: 32))

  static let all: [any DomainEvent] = [
    AccountRegistered(accountId: account, email: "ada@example.org", role: .admin, quotaBytes: 10 << 30),
    AccountPasswordChanged(accountId: account),
    AccountRoleChanged(accountId: account, role: .user),
    AccountDisabled(accountId: account, reason: "left the \"company\"\n"),
    AccountQuotaSet(accountId: account, quotaBytes: .max),
    AccountQuotaCharged(accountId: account, fileId: file, bytes: 4, usedBytes: 1004),
    AccountQuotaReleased(accountId: account, fileId: file, bytes: 4, usedBytes: 1000),
    AccountSessionRevoked(accountId: account, sessionId: session, reason: .tokenReused),
    AccountErased(accountId: account),
    FileUploaded(
      fileId: file, path: "Fotos/Zürich/été 1.jpg", digest: digest, size: 4, contentType: "image/jpeg",
      jobClass: .interactive),
    FileTrashed(fileId: file, reason: .replaced, replacedBy: group),
    FileRestored(fileId: file),
    FileRemoved(fileId: file, digest: digest, size: 4),
    ContentAnalyzed(digest: digest, size: 4096, storedBytes: 812, codec: .lz4),
    ContentSketched(digest: digest, algorithm: "txt1", weight: 812, signature: "ACVKb5S53gM="),
    ContentReclaimed(digest: digest, storedBytes: 812),
    DuplicateMatched(groupId: group, digest: digest, size: 4, fileId: file, originalId: session),
    DuplicateNearMatched(
      digest: digest, algorithm: "txt1",
      matches: [.init(digest: otherDigest, score: 0.873)]),
    DuplicatesDismissed(decisionId: group, left: digest, right: otherDigest),
    DuplicateDecisionUndone(decisionId: group, left: digest, right: otherDigest),
    DuplicateThresholdsSet(LikenessThresholds(text: 0.75, picture: nil, bytes: 0.5, sameContent: true)),
    JobSucceeded(jobId: job, kind: .analyze, fileId: file, digest: digest, size: 4096, storedBytes: 812),
    JobFailed(
      jobId: job, kind: .analyze, fileId: file, attempt: 2, reason: "The disk is full.", retryAt: 1_732_273_200_123),
    JobDeadLettered(
      jobId: job, kind: .analyze, fileId: file, attempts: 8, reason: "The blob is damaged.",
      fingerprint: "blob.damaged"),
    JobQueued(
      jobId: job, kind: .reclaim, jobClass: .bulk, arguments: ["slot": "28871220"], runAt: 1_732_273_200_000,
      uniqueKey: "schedule:reclaim", cost: 2),
    JobCompleted(jobId: job, kind: .reclaim, counts: ["removed": 3, "removedBytes": 2436]),
    JobRequeued(
      jobId: job, kind: .analyze, jobClass: .interactive, fileId: file, causePosition: 812, reason: "disk replaced",
      cost: 5),
    JobCancelled(jobId: job, kind: .analyze, fileId: file, reason: "not needed"),
    JobDiscarded(jobId: job, kind: .analyze, fileId: file, reason: "file lost"),
    UniqueClaimed(key: "schedule:reclaim", jobId: job),
    QueuePaused(scope: .jobClass, value: "bulk", reason: "backup"),
    QueueResumed(scope: .kind, value: "analyze"),
    QueueLimited(scope: .tenant, value: account.text, concurrency: 4, ratePerSecond: 50, weight: 2),
    QueuePruned(finishedBefore: 1_732_273_200_000, queuedThrough: 812, jobs: 42),
    ProjectionRebuilt(projection: "files", position: 1_000_000, rows: 42, digest: digest),
    AuditQueried(filter: auditFilter, order: .newest, format: .json, after: 900, given: 50, through: 412),
    AuditExported(given: 12_000, through: 1_000_000, complete: true),
  ]

  private static var auditFilter: AuditQueried.Filter {
    var filter = AuditQueried.Filter()
    filter.actor = account
    filter.owner = group
    filter.types = ["file.removed", "file.trashed"]
    filter.category = "file"
    filter.stream = "file-0193497e-5f00-7a3c-9c1b-6f1d2e3a4b02"
    filter.correlationId = session
    filter.from = 1
    filter.to = 1000
    filter.text = true
    return filter
  }

  private static func id(_ last: UInt8) -> UUID {
    UUID(uuid: (0x01, 0x93, 0x49, 0x7e, 0x5f, 0x00, 0x7a, 0x3c, 0x9c, 0x1b, 0x6f, 0x1d, 0x2e, 0x3a, 0x4b, last))
  }
}
