// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tracing

/// A span that has ended and can be sent.
struct FinishedSpan: Sendable {
  var trace: TraceContext
  var spanID: SpanID
  var name: String
  var kind: SpanKind
  /// In nanoseconds since 1970.
  var start: UInt64
  var end: UInt64 = 0
  var attributes = SpanAttributes()
  var events: [SpanEvent] = []
  var links: [SpanLink] = []
  var status: SpanStatus?

  var parent: SpanID? { trace.spanID }
}
