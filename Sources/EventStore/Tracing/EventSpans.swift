// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Telemetry
public import Tracing

/// Spans about events, written down once what they tell of has happened.
///
/// An event takes its trace along without a field for it: the trace is the correlation id, and the span that appended the event is called
/// after the event's own id. So whoever meets an event, in whatever process, knows where its work belongs (decision 30).
public enum EventSpans {
  public typealias Time = DefaultTracerClock.Timestamp

  public static var now: Time { DefaultTracerClock.now }

  /// Work on an event that began at `start` and has just ended. Nothing for an event without a trace, or while no spans are recorded.
  ///
  /// - Parameter id: when others are to hang below it.
  public static func record(
    _ name: String, following event: RecordedEvent, id: SpanID? = nil, kind: SpanKind, since start: Time,
    attributes: SpanAttributes = [:], failed: Bool = false
  ) {
    guard Traces.areRecorded, let trace = event.trace else { return }
    var context = InstrumentationContext.within(trace)
    context.nextSpanID = id
    let span = startSpan(name, context: context, ofKind: kind, at: start)
    guard span.isRecording else { return }
    var attributes = attributes
    attributes["onefold.position"] = event.position.rawValue
    span.attributes = attributes
    if failed { span.setStatus(SpanStatus(code: .error)) }
    span.end()
  }

  /// One span for each event that was appended: below the one under way, or else below the event that led to it.
  static func appended(_ appends: [StreamAppend], _ result: AppendResult, since start: Time) {
    guard Traces.areRecorded, !result.isRepeat else { return }
    let current = InstrumentationContext.current?.trace
    let end = now
    for append in appends {
      for event in append.events {
        guard let traceID = event.correlationId else { continue }
        let cause = TraceContext(traceID: traceID, spanID: event.causationId.map(SpanID.init(of:)))
        var context = InstrumentationContext.within(current?.traceID == traceID ? current ?? cause : cause)
        context.nextSpanID = SpanID(of: event.id)
        let span = startSpan("append \(event.type)", context: context, ofKind: .producer, at: start)
        guard span.isRecording else { continue }
        span.updateAttributes {
          $0["onefold.event.id"] = event.id.text
          $0["onefold.event.type"] = event.type
          $0["onefold.stream.category"] = append.stream.category
        }
        span.end(at: end)
      }
    }
  }
}

extension RecordedEvent {
  /// Where what follows from this event belongs; nil for an event that is part of nothing.
  public var trace: TraceContext? { correlationId.map { TraceContext(traceID: $0, spanID: SpanID(of: id)) } }
}
