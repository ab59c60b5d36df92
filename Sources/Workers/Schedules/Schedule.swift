// SPDX-License-Identifier: Apache-2.0

public import Domain
import Foundation

/// A kind of job that is due again and again, in slots that all schedulers count alike.
public struct Schedule: Sendable {
  public var kind: JobKind
  public var jobClass: JobClass
  public var period: Duration
  /// Of the first slot, after the beginning of 1970 (UTC).
  public var offset: Duration
  /// Whether there is anything to do in this slot, so that the log does not fill with jobs that find nothing. Asked once for each slot.
  public var isDue: @Sendable () async throws -> Bool

  public init(
    _ kind: JobKind, jobClass: JobClass, every period: Duration, offset: Duration = .zero,
    isDue: @escaping @Sendable () async throws -> Bool = { true }
  ) {
    precondition(period >= .milliseconds(1), "slots have a length")
    self.kind = kind
    self.jobClass = jobClass
    self.period = period
    self.offset = offset
    self.isDue = isDue
  }

  /// The slot that a moment is in.
  func slot(at time: Date) -> Int64 {
    let milliseconds = time.millisecondsSince1970 - Int64(offset / .milliseconds(1))
    return Int64((Double(milliseconds) / (period / .milliseconds(1))).rounded(.down))
  }

  func start(ofSlot slot: Int64) -> Date {
    Date(timeIntervalSince1970: offset / .seconds(1) + Double(slot) * (period / .seconds(1)))
  }

  /// What any scheduler asks for in a slot: the same job. A slot is left out while the job of an earlier one is unfinished.
  func request(forSlot slot: Int64) -> JobRequest {
    let time = UInt64(clamping: start(ofSlot: slot).millisecondsSince1970)
    let id = UUID.derived(at: time, high: 0, low: UInt64(bitPattern: slot)).derived("schedule:\(kind.rawValue)")
    return JobRequest(
      id: id, kind: kind, jobClass: jobClass, arguments: ["slot": String(slot)],
      uniqueness: Uniqueness("schedule:\(kind.rawValue)"))
  }
}
