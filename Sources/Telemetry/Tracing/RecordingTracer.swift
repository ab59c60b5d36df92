// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
public import Tracing

/// The tracer behind `withSpan` and `startSpan`: names spans, asks the ``Sampler``, and hands on those that have ended.
public struct RecordingTracer: Tracer {
  private let sampler: Sampler
  private let finish: @Sendable (FinishedSpan) -> Void

  init(sampler: Sampler, finish: @escaping @Sendable (FinishedSpan) -> Void) {
    self.sampler = sampler
    self.finish = finish
  }

  public func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> RecordingSpan {
    var context = context()
    let parent = context.trace ?? TraceContext(traceID: UUID())
    let spanID = context.nextSpanID ?? .random()
    let isRecording = sampler.samples(parent)
    context.nextSpanID = nil
    context.trace = TraceContext(traceID: parent.traceID, spanID: spanID, isSampled: isRecording)
    let span = FinishedSpan(
      trace: parent, spanID: spanID, name: operationName, kind: kind, start: instant().nanosecondsSinceEpoch)
    return RecordingSpan(span, in: context, isRecording: isRecording, finish: finish)
  }

  public func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    if let header = extractor.extract(key: "traceparent", from: carrier) {
      context.trace = TraceContext(traceparent: header)
    }
  }

  public func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    if let header = context.trace?.traceparent { injector.inject(header, forKey: "traceparent", into: &carrier) }
  }

  /// Spans are sent by ``TelemetryExport`` in the background; nothing is forced.
  public func forceFlush() {}
}

/// Whether spans are recorded at all, for those who would do something only for them.
public enum Traces {
  private static let on = Atomic<Bool>(false)

  public static var areRecorded: Bool { on.load(ordering: .relaxed) }

  /// Once, at the start of the process.
  static func begin(_ tracer: RecordingTracer) {
    InstrumentationSystem.bootstrap(tracer)
    on.store(true, ordering: .relaxed)
  }
}
