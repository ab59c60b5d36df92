// SPDX-License-Identifier: Apache-2.0

import Domain
import Testing

struct JobDeciderTests {
  private func when(_ command: JobDecider.Command, after type: String?) throws(JobDecider.Refusal) {
    guard let state = JobDecider.state(after: type) else { return }
    try JobDecider.check(command, state)
  }

  static let open: [String?] = [nil, JobQueued.eventType, JobRequeued.eventType]
  static let done = [JobSucceeded.eventType, JobCompleted.eventType]
  static let away = [JobCancelled.eventType, JobDiscarded.eventType]

  @Test func whatIsStillToBeDoneIsCancelled() throws {
    for type in Self.open + [JobFailed.eventType] { try when(.cancel, after: type) }
    for type in Self.done + Self.away + [JobDeadLettered.eventType] {
      #expect(throws: JobDecider.Refusal.hasEnded) { try when(.cancel, after: type) }
    }
  }

  @Test func whatFailedOrWasPutAwayIsRequeued() throws {
    for type in [JobFailed.eventType, JobDeadLettered.eventType] + Self.away { try when(.requeue, after: type) }
    for type in Self.open { #expect(throws: JobDecider.Refusal.isOpen) { try when(.requeue, after: type) } }
    for type in Self.done { #expect(throws: JobDecider.Refusal.hasEnded) { try when(.requeue, after: type) } }
  }

  @Test func onlyADeadLetterIsDiscarded() throws {
    try when(.discard, after: JobDeadLettered.eventType)
    for type in Self.open + Self.done + Self.away + [JobFailed.eventType] {
      #expect(throws: JobDecider.Refusal.isNoDeadLetter) { try when(.discard, after: type) }
    }
  }

  @Test func everyEventOfAJobIsKnown() {
    let types = EventCatalog.all.map { $0.eventType }.filter { $0.hasPrefix("job.") }
    #expect(types.count == 8)
    for type in types { #expect(JobDecider.state(after: type) != nil, "\(type)") }
    #expect(JobDecider.state(after: "job.postponed") == nil)
  }

  @Test func largeFilesCostMoreButNoTurnOfTheirOwn() {
    #expect(JobCost.of(bytes: 0) == 1)
    #expect(JobCost.of(bytes: 1 << 20 - 1) == 1)
    #expect(JobCost.of(bytes: 5 << 20) == 6)
    #expect(JobCost.of(bytes: .max) == JobCost.most)
  }
}
