// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Tracing

/// Where in which trace something happens: https://www.w3.org/TR/trace-context/.
///
/// A trace has 16 bytes for a name, as a UUID has, and the log names by a UUID what events belong together. So the name of a trace is the
/// correlation id of its events, and nothing else has to be kept or carried for a trace to go on in another process (decision 30).
public struct TraceContext: Hashable, Sendable {
  public var traceID: UUID
  /// What is under way; nil where a trace begins.
  public var spanID: SpanID?
  /// Whether the caller records this trace; nil when nobody said so.
  public var isSampled: Bool?

  public init(traceID: UUID, spanID: SpanID? = nil, isSampled: Bool? = nil) {
    self.traceID = traceID
    self.spanID = spanID
    self.isSampled = isSampled
  }

  /// Reads the header `traceparent`; nil when it is not as the recommendation wants it: then the trace begins here.
  public init?(traceparent: String) {
    let parts = traceparent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count >= 4, let version = Hex.decode(parts[0], count: 1)?[0], version != 0xff,
      version != 0 || parts.count == 4,
      let trace = Hex.decode(parts[1], count: 16), trace.contains(where: { $0 != 0 }),
      let span = Hex.decode(parts[2], count: 8), let spanID = SpanID(bytes: span),
      let flags = Hex.decode(parts[3], count: 1)
    else { return nil }
    self.init(traceID: UUID(bytes: trace), spanID: spanID, isSampled: flags[0] & 1 == 1)
  }

  /// For `traceparent`; nil where no span is under way.
  public var traceparent: String? {
    spanID.map { "00-\(traceID.traceHex)-\($0)-\(isSampled == true ? "01" : "00")" }
  }
}

/// The name of a span in its trace: 8 bytes, not all zero.
public struct SpanID: Hashable, Sendable, CustomStringConvertible {
  private let value: UInt64

  init?(bytes: [UInt8]) {
    value = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    guard value != 0 else { return nil }
  }

  private init(nonZero value: UInt64) { self.value = value }

  static func random() -> SpanID { SpanID(nonZero: .random(in: 1...UInt64.max)) }

  /// The span of what a UUID names, such as an event or an attempt at a job: its last 8 bytes, of which 62 bits are random or a hash.
  ///
  /// Whoever knows the event knows the span that appended it, without having been told.
  public init(of id: UUID) {
    // The variant's bits make it other than zero.
    let value = withUnsafeBytes(of: id.uuid) { $0[8...].reduce(0) { $0 << 8 | UInt64($1) } }
    self.init(nonZero: value == 0 ? 1 : value)
  }

  /// 16 digits, in lower case.
  public var description: String { Hex.encode(withUnsafeBytes(of: value.bigEndian, Array.init)) }
}

extension UUID {
  /// 32 digits, in lower case: how a trace is named outside.
  public var traceHex: String { Hex.encode(withUnsafeBytes(of: uuid, Array.init)) }

  /// - Precondition: 16 bytes.
  init(bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }

  /// A name given as 32 digits, in lower case, as proxies make them.
  public init?(traceHex text: some StringProtocol) {
    guard let bytes = Hex.decode(text.utf8, count: 16), bytes.contains(where: { $0 != 0 }) else { return nil }
    self.init(bytes: bytes)
  }
}

/// Digits in lower case and no others, as the recommendation wants them.
enum Hex {
  static func encode(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  static func decode(_ text: some Collection<UInt8>, count: Int) -> [UInt8]? {
    guard text.count == 2 * count else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    for (index, digit) in text.enumerated() {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      default: return nil
      }
      bytes[index / 2] = bytes[index / 2] << 4 | value
    }
    return bytes
  }
}

extension InstrumentationContext {
  private enum TraceKey: InstrumentationContextKey { typealias Value = TraceContext }
  private enum SpanNameKey: InstrumentationContextKey { typealias Value = SpanID }

  /// Where in which trace we are.
  public var trace: TraceContext? {
    get { self[TraceKey.self] }
    set { self[TraceKey.self] = newValue }
  }

  /// The name that the next span takes, and nothing after it; without one it makes its own.
  public var nextSpanID: SpanID? {
    get { self[SpanNameKey.self] }
    set { self[SpanNameKey.self] = newValue }
  }

  public static func within(_ trace: TraceContext) -> InstrumentationContext {
    var context = InstrumentationContext.topLevel
    context.trace = trace
    return context
  }
}
