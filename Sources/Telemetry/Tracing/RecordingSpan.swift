// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import Tracing

/// A span of ``RecordingTracer``. One that is not sampled carries its context and forgets everything else.
public final class RecordingSpan: Span {
  /// Of events and links of one span, so that a loop that adds them does not fill the memory.
  static let mostEvents = 128

  private struct State {
    var span: FinishedSpan
    var hasEnded = false
  }

  public let context: InstrumentationContext
  public let isRecording: Bool
  private let state: Mutex<State>
  private let finish: @Sendable (FinishedSpan) -> Void

  init(
    _ span: FinishedSpan, in context: InstrumentationContext, isRecording: Bool,
    finish: @escaping @Sendable (FinishedSpan) -> Void
  ) {
    self.context = context
    self.isRecording = isRecording
    self.finish = finish
    state = Mutex(State(span: span))
  }

  public var operationName: String {
    get { state.withLock { $0.span.name } }
    set { change { $0.name = newValue } }
  }

  public var attributes: SpanAttributes {
    get { state.withLock { $0.span.attributes } }
    set { change { $0.attributes = newValue } }
  }

  public func setStatus(_ status: SpanStatus) { change { $0.status = status } }

  public func addEvent(_ event: SpanEvent) {
    change { if $0.events.count < Self.mostEvents { $0.events.append(event) } }
  }

  public func addLink(_ link: SpanLink) {
    change { if $0.links.count < Self.mostEvents { $0.links.append(link) } }
  }

  /// The type of the error is recorded, and not what it says: that may quote what a person sent.
  public func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    var attributes = attributes
    attributes["exception.type"] = "\(type(of: error))"
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    setStatus(SpanStatus(code: .error))
  }

  public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    guard isRecording else { return }
    let end = instant().nanosecondsSinceEpoch
    let finished = state.withLock { state -> FinishedSpan? in
      guard !state.hasEnded else { return nil }
      state.hasEnded = true
      state.span.end = max(end, state.span.start)
      return state.span
    }
    if let finished { finish(finished) }
  }

  private func change(_ body: (inout FinishedSpan) -> Void) {
    guard isRecording else { return }
    state.withLock { if !$0.hasEnded { body(&$0.span) } }
  }
}
