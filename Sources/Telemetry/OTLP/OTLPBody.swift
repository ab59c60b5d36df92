// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Tracing

/// The bodies of requests, in the JSON of OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
///
/// Identifiers are hexadecimal there, whole numbers of 64 bits are strings, and enumerations are numbers.
enum OTLPBody {
  private static let scope = "onefold"

  static func traces(_ spans: [FinishedSpan], resource: [String: String]) -> String {
    body("resourceSpans", "scopeSpans", resource) { json in
      json.member("spans", objects: spans) { $0.write($1) }
    }
  }

  static func logs(_ records: [LogRecord], resource: [String: String]) -> String {
    body("resourceLogs", "scopeLogs", resource) { json in
      json.member("logRecords", objects: records) { $0.write($1) }
    }
  }

  static func metrics(
    _ families: [MetricFamily], since start: UInt64, at now: UInt64, resource: [String: String]
  ) -> String {
    body("resourceMetrics", "scopeMetrics", resource) { json in
      json.member("metrics", objects: families) { $0.write($1, since: start, at: now) }
    }
  }

  private static func body(
    _ resources: String, _ scopes: String, _ resource: [String: String], _ write: (inout JSONText) -> Void
  ) -> String {
    JSONText.object { json in
      json.member(resources, objects: [resource]) { json, resource in
        json.nested("resource") { json in
          json.member("attributes", objects: resource.sorted { $0.key < $1.key }) { json, pair in
            json.attribute(pair.key, .string(pair.value))
          }
        }
        json.member(scopes, objects: [scope]) { json, scope in
          json.nested("scope") { $0.member("name", scope) }
          write(&json)
        }
      }
    }
  }
}

extension JSONText {
  /// A whole number of 64 bits.
  fileprivate mutating func long(_ name: String, _ value: some BinaryInteger) { member(name, "\(value)") }

  fileprivate mutating func write(_ span: FinishedSpan) {
    member("traceId", span.trace.traceID.traceHex)
    member("spanId", span.spanID.description)
    if let parent = span.parent { member("parentSpanId", parent.description) }
    // Sampled.
    member("flags", 1)
    member("name", span.name)
    member("kind", span.kind.otlp)
    long("startTimeUnixNano", span.start)
    long("endTimeUnixNano", span.end)
    attributes(span.attributes)
    if !span.events.isEmpty {
      member("events", objects: span.events) { json, event in
        json.long("timeUnixNano", event.nanosecondsSinceEpoch)
        json.member("name", event.name)
        json.attributes(event.attributes)
      }
    }
    let links = span.links.compactMap { link in link.context.trace.map { ($0, link.attributes) } }
    if !links.isEmpty {
      member("links", objects: links) { json, link in
        json.member("traceId", link.0.traceID.traceHex)
        if let spanID = link.0.spanID { json.member("spanId", spanID.description) }
        json.attributes(link.1)
      }
    }
    if let status = span.status {
      nested("status") { json in
        json.member("code", status.code == .ok ? 1 : 2)
        if let message = status.message { json.member("message", message) }
      }
    }
  }

  fileprivate mutating func write(_ record: LogRecord) {
    let time = UInt64(max(0, record.time.timeIntervalSince1970) * 1e9)
    long("timeUnixNano", time)
    long("observedTimeUnixNano", time)
    member("severityNumber", record.level.otlp)
    member("severityText", record.level.rawValue.uppercased())
    nested("body") { $0.member("stringValue", record.message) }
    var metadata = record.metadata
    metadata["logger"] = "\(record.label)"
    for (name, value) in record.identifiers where !["traceId", "spanId"].contains(name) { metadata[name] = "\(value)" }
    member("attributes", objects: metadata.sorted { $0.key < $1.key }) { json, pair in
      json.attribute(pair.key, .string(pair.value.description))
    }
    guard let trace = record.trace else { return }
    member("traceId", trace.traceID.traceHex)
    if let spanID = trace.spanID { member("spanId", spanID.description) }
    if trace.isSampled == true { member("flags", 1) }
  }

  fileprivate mutating func write(_ family: MetricFamily, since start: UInt64, at now: UInt64) {
    member("name", family.description.name)
    member("description", family.description.help)
    let series = family.series.map { (labels: $0.key, series: $0.value) }
    func points(_ json: inout JSONText, _ value: (inout JSONText, MetricFamily.Series) -> Void) {
      json.member("dataPoints", objects: series) { json, point in
        json.member("attributes", objects: point.labels.pairs) { $0.attribute($1.name, .string($1.value)) }
        json.long("startTimeUnixNano", start)
        json.long("timeUnixNano", now)
        value(&json, point.series)
      }
    }
    switch family.description.kind {
    case .counter:
      nested("sum") { json in
        points(&json) { $0.member("asDouble", $1.value) }
        json.member("aggregationTemporality", 2)
        json.member("isMonotonic", true)
      }
    case .gauge, .untyped:
      nested("gauge") { json in points(&json) { $0.member("asDouble", $1.value) } }
    case .histogram:
      nested("histogram") { json in
        points(&json) { json, series in
          guard case .histogram(let histogram) = series else { return }
          let snapshot = histogram.snapshot
          json.long("count", snapshot.counts.reduce(0, +))
          json.member("sum", snapshot.sum)
          json.member("bucketCounts", array: snapshot.counts) { $0.string("\($1)") }
          json.member("explicitBounds", array: histogram.bounds) { $0.number($1) }
        }
        json.member("aggregationTemporality", 2)
      }
    }
  }

  private mutating func attributes(_ attributes: SpanAttributes) {
    guard !attributes.isEmpty else { return }
    var pairs: [(String, SpanAttribute)] = []
    attributes.forEach { pairs.append(($0, $1)) }
    member("attributes", objects: pairs.sorted { $0.0 < $1.0 }) { $0.attribute($1.0, $1.1) }
  }

  fileprivate mutating func attribute(_ key: String, _ value: SpanAttribute) {
    member("key", key)
    nested("value") { $0.write(value) }
  }

  private mutating func write(_ value: SpanAttribute) {
    switch value {
    case .int32(let value): long("intValue", value)
    case .int64(let value): long("intValue", value)
    case .double(let value): member("doubleValue", value)
    case .bool(let value): member("boolValue", value)
    case .string(let value): member("stringValue", value)
    case .stringConvertible(let value): member("stringValue", value.description)
    // We record none of these; a library that does is shown as text.
    default: member("stringValue", "\(value)")
    }
  }
}

extension MetricFamily.Series {
  fileprivate var value: Double {
    switch self {
    case .counter(let series): series.value
    case .gauge(let series): series.value
    case .histogram(let series): series.snapshot.sum
    }
  }
}

extension SpanKind {
  fileprivate var otlp: Int {
    switch self {
    case .internal: 1
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    }
  }
}

extension Logger.Level {
  /// https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
  fileprivate var otlp: Int {
    switch self {
    case .trace: 1
    case .debug: 5
    case .info: 9
    case .notice: 10
    case .warning: 13
    case .error: 17
    case .critical: 21
    }
  }
}
