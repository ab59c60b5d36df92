// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Telemetry
import Tracing

extension OpenJob {
  /// The span of this attempt, below the one that appended what the job is about.
  private var spanID: SpanID { SpanID(of: id.derived("attempt-\(attempt)")) }

  /// Does a part of the job in the job's trace: spans of what it calls hang below the attempt.
  ///
  /// Jobs run in batches, so what runs a handler is in no job's trace.
  func traced<Value>(_ body: () async throws -> Value) async rethrows -> Value {
    guard Traces.areRecorded, let correlationId = cause.correlationId else { return try await body() }
    let trace = TraceContext(traceID: correlationId, spanID: spanID)
    return try await InstrumentationContext.withValue(.within(trace)) { try await body() }
  }

  /// Writes the attempt down, when it has ended.
  func recordSpan(since start: EventSpans.Time, failure: JobFailure?) {
    var attributes: SpanAttributes = [
      "onefold.job.id": .string(id.text), "onefold.job.kind": .string(entry.kind.rawValue),
      "onefold.job.class": .string(entry.jobClass.rawValue), "onefold.job.attempt": .int64(Int64(attempt)),
      "onefold.job.wait_ms": .int64(max(0, Int64(start.millisecondsSinceEpoch) - since.millisecondsSince1970)),
    ]
    if let failure { attributes["error.type"] = failure.code }
    EventSpans.record(
      "job \(entry.kind.rawValue)", following: cause, id: spanID, kind: .consumer, since: start,
      attributes: attributes, failed: failure != nil)
  }
}
