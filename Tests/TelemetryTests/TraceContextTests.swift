// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tracing

@testable import Telemetry

struct TraceContextTests {
  let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  @Test func readsAndWritesTheHeader() throws {
    let trace = try #require(TraceContext(traceparent: header))
    #expect(trace.traceID == UUID(uuidString: "0AF76519-16CD-43DD-8448-EB211C80319C"))
    #expect(trace.spanID?.description == "b7ad6b7169203331")
    #expect(trace.isSampled == true)
    #expect(trace.traceparent == header)
    #expect(TraceContext(traceparent: String(header.dropLast()) + "0")?.isSampled == false)
  }

  @Test func aLaterVersionMayHaveMoreAtItsEnd() {
    #expect(TraceContext(traceparent: "01" + header.dropFirst(2) + "-more") != nil)
    #expect(TraceContext(traceparent: header + "-more") == nil)
  }

  @Test(arguments: [
    "", "-", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
  ])
  func refusesWhatIsNoHeader(_ header: String) {
    #expect(TraceContext(traceparent: header) == nil)
  }

  @Test func neverCrashesOnArbitraryBytes() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var bytes = Array(header.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if let trace = TraceContext(traceparent: String(decoding: bytes, as: UTF8.self)) {
        #expect(trace.traceparent.flatMap(TraceContext.init(traceparent:)) == trace)
      }
    }
  }

  @Test func theSpanOfAnEventFollowsFromItsId() throws {
    let id = try #require(UUID(uuidString: "01934976-5f00-7a3c-9c1b-6f1d2e3a4b01"))
    #expect(SpanID(of: id).description == "9c1b6f1d2e3a4b01")
  }

  @Test func spansOfRandomIdsAreNeverZeroAndNeverTheSame() {
    let ids = Set((0..<10_000).map { _ in SpanID(of: UUID()).description })
    #expect(ids.count == 10_000 && !ids.contains(String(repeating: "0", count: 16)))
  }
}

struct SamplerTests {
  @Test func takesAboutTheShareThatWasAskedForAndTheSameInEachProcess() throws {
    let sampler = try #require(Sampler(name: "traceidratio", argument: "0.25"))
    let traces = (0..<20_000).map { _ in TraceContext(traceID: UUID()) }
    let taken = traces.filter(sampler.samples)
    // 0.25 ± 6 standard deviations.
    #expect((4600...5400).contains(taken.count))
    #expect(taken.allSatisfy(Sampler(share: 0.25, followsCaller: true).samples))
    // Who takes more takes these too.
    #expect(taken.allSatisfy(Sampler(share: 0.5, followsCaller: false).samples))
  }

  @Test func followsTheCallerOnlyWhereItSaysSo() throws {
    let refused = TraceContext(traceID: UUID(), isSampled: false)
    let wanted = TraceContext(traceID: UUID(), isSampled: true)
    let always = try #require(Sampler(name: "always_on", argument: nil))
    let byParent = try #require(Sampler(name: "parentbased_always_off", argument: nil))
    #expect(always.samples(refused) && byParent.samples(wanted))
    #expect(!byParent.samples(refused) && !byParent.samples(TraceContext(traceID: UUID())))
  }

  @Test(arguments: [("jaeger_remote", nil), ("traceidratio", "2"), ("traceidratio", "a"), ("", nil)])
  func refusesOthers(_ name: String, _ argument: String?) {
    #expect(Sampler(name: name, argument: argument) == nil)
  }
}

struct RecordingTracerTests {
  final class Finished: @unchecked Sendable {
    private let lock = NSLock()
    private var spans: [FinishedSpan] = []
    func add(_ span: FinishedSpan) { lock.withLock { spans.append(span) } }
    var all: [FinishedSpan] { lock.withLock { spans } }
  }

  let finished = Finished()

  func tracer(_ sampler: Sampler = .always) -> RecordingTracer {
    RecordingTracer(sampler: sampler) { [finished] in finished.add($0) }
  }

  @Test func aChildNamesItsParentAndIsOfItsTrace() throws {
    tracer().withSpan("outer") { _ in tracer().withSpan("inner") { $0.attributes["n"] = 3 } }
    let (inner, outer) = (finished.all[0], finished.all[1])
    #expect(inner.name == "inner" && inner.parent == outer.spanID && inner.trace.traceID == outer.trace.traceID)
    #expect(outer.parent == nil && outer.start <= inner.start && inner.end <= outer.end)
  }

  @Test func takesTheNameThatWasAppointedAndHandsItToNoChild() {
    var context = InstrumentationContext.within(TraceContext(traceID: UUID()))
    let id = SpanID(of: UUID())
    context.nextSpanID = id
    tracer().withSpan("appointed", context: context) { _ in tracer().withSpan("child") { _ in } }
    #expect(finished.all[1].spanID == id && finished.all[0].spanID != id && finished.all[0].parent == id)
  }

  @Test func whatIsNotSampledIsNotFinishedAndSaysSoToOthers() {
    let span = tracer(Sampler(share: 0, followsCaller: true)).startSpan("quiet", context: .topLevel)
    span.attributes["a"] = "b"
    span.end()
    #expect(finished.all.isEmpty && !span.isRecording && span.context.trace?.isSampled == false)
  }

  @Test func endsOnceAndDoesNotChangeAfterwards() {
    let span = tracer().startSpan("once", context: .topLevel)
    span.end()
    span.operationName = "twice"
    span.end()
    #expect(finished.all.map(\.name) == ["once"])
  }

  @Test func anErrorIsRecordedByItsTypeAndNotByItsWords() throws {
    struct Secret: Error, CustomStringConvertible { let description = "hunter2" }
    let tracer = tracer()
    #expect(throws: Secret.self) { try tracer.withSpan("fails") { _ in throw Secret() } }
    let body = OTLPBody.traces(finished.all, resource: [:])
    #expect(body.contains("Secret") && !body.contains("hunter2") && body.contains(#""status":{"code":2}"#))
  }

  @Test func aLoopThatAddsEventsDoesNotFillTheMemory() {
    let span = tracer().startSpan("loop", context: .topLevel)
    for _ in 0..<10_000 { span.addEvent("again") }
    span.end()
    #expect(finished.all[0].events.count == RecordingSpan.mostEvents)
  }
}

struct ExportQueueTests {
  @Test func keepsTheFirstAndDropsWhatDoesNotFit() {
    let queue = ExportQueue<Int>(.traces, .init(limit: 5, size: 2, delay: .seconds(60)))
    for number in 0..<9 { queue.offer(number) }
    #expect([queue.take(), queue.take(), queue.take(), queue.take()] == [[0, 1], [2, 3], [4], []])
  }

  @Test func wakesItsReaderWhenARequestIsFullAndWhenItIsCancelled() async {
    let queue = ExportQueue<Int>(.traces, .init(limit: 5, size: 2, delay: .seconds(3600)))
    let reader = Task { await queue.wait() }
    queue.offer(1)
    queue.offer(2)
    await reader.value
    _ = queue.take()
    let waiting = Task { await queue.wait() }
    waiting.cancel()
    await waiting.value
  }
}

struct OTLPConfigurationTests {
  func configuration(_ environment: [String: String]) throws -> OTLPConfiguration? {
    try OTLPConfiguration(environment: environment, role: "serve", version: "1")
  }

  @Test func withoutAnEndpointNothingIsSent() throws {
    #expect(try configuration([:]) == nil)
    #expect(try configuration(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"]) == nil)
  }

  @Test func signalsMayGoToDifferentPlacesOrNowhere() throws {
    let configuration = try #require(
      try configuration([
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t/in",
        "OTEL_LOGS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_HEADERS": "a=b%20c, d=e",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "7",
      ]))
    #expect(configuration.destinations[.traces]?.url == "https://t/in")
    #expect(configuration.destinations[.metrics]?.url == "http://c:4318/v1/metrics")
    #expect(configuration.destinations[.logs] == nil)
    #expect(configuration.destinations[.traces]?.headers == ["a": "b c", "d": "e"])
    #expect(configuration.destinations[.metrics]?.timeout == .milliseconds(7))
  }

  @Test func theProcessIsNamedByItsRoleUnlessSomebodySaysOtherwise() throws {
    let place = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"]
    #expect(try configuration(place)?.resource["service.name"] == "onefold-serve")
    let named = try configuration(place.merging(["OTEL_RESOURCE_ATTRIBUTES": "service.name=x,zone=a"]) { $1 })
    #expect(named?.resource["service.name"] == "x" && named?.resource["zone"] == "a")
    #expect(try configuration(place.merging(["OTEL_SERVICE_NAME": "y"]) { $1 })?.resource["service.name"] == "y")
  }
}
