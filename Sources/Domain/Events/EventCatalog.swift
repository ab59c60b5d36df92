// SPDX-License-Identifier: Apache-2.0

/// Every event that this program writes and reads. What is not here was written by a newer one.
public enum EventCatalog {
  public static let all: [any DomainEvent.Type] = [
    AccountRegistered.self, AccountPasswordChanged.self, AccountRoleChanged.self, AccountDisabled.self,
    AccountQuotaSet.self, AccountQuotaCharged.self, AccountQuotaReleased.self, AccountSessionRevoked.self,
    AccountErased.self,
    FileUploaded.self, FileTrashed.self, FileRestored.self, FileRemoved.self,
    ContentAnalyzed.self, ContentSketched.self, ContentReclaimed.self,
    DuplicateMatched.self, DuplicateNearMatched.self, DuplicatesDismissed.self, DuplicateDecisionUndone.self,
    DuplicateThresholdsSet.self,
    JobQueued.self, JobSucceeded.self, JobCompleted.self, JobFailed.self, JobDeadLettered.self,
    JobRequeued.self, JobCancelled.self, JobDiscarded.self, UniqueClaimed.self,
    QueuePaused.self, QueueResumed.self, QueueLimited.self, QueuePruned.self,
    ProjectionRebuilt.self, AuditQueried.self, AuditExported.self,
  ]

  /// The schema versions of each type that are read, as they are after upcasting: today's, and those that are alike.
  public static let versions = Dictionary(
    uniqueKeysWithValues: all.map { ($0.eventType, $0.alikeSince...$0.schemaVersion) })
}
