// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Testing

@testable import Telemetry

struct PrometheusRegistryTests {
  let registry = PrometheusRegistry(seriesLimit: 3)

  /// The lines of one metric, with its HELP and TYPE.
  func lines(of name: String) -> [Substring] {
    registry.render().split(separator: "\n").filter { line in
      let words = line.split(separator: " ", maxSplits: 3)
      let subject = words[0] == "#" ? words[2] : words[0].prefix { $0 != "{" }
      return subject == name || subject.hasPrefix(name + "_")
    }
  }

  @Test func counterKeepsItsLabelsAndHelp() {
    let counter = Counter(
      label: "http_requests_total", dimensions: [("status", "200"), ("method", "GET"), ("endpoint", "/api/v1/files")],
      factory: registry)
    counter.increment(by: 2)
    counter.increment()
    #expect(
      lines(of: "http_requests_total") == [
        "# HELP http_requests_total Requests answered, by method, status code and endpoint (the route's pattern).",
        "# TYPE http_requests_total counter",
        #"http_requests_total{endpoint="/api/v1/files",method="GET",status="200"} 3"#,
      ])
  }

  @Test func sameLabelsInAnyOrderAreOneSeries() {
    Counter(label: "made", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
    Counter(label: "made", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
    #expect(lines(of: "made").last == #"made{a="1",b="2"} 2"#)
  }

  @Test func floatingPointCounterAddsFractions() {
    let counter = FloatingPointCounter(label: "spent_seconds_total", factory: registry)
    counter.increment(by: 0.25)
    counter.increment(by: 1.5)
    #expect(lines(of: "spent_seconds_total").last == "spent_seconds_total 1.75")
  }

  @Test func meterGoesUpAndDown() {
    let meter = Meter(label: "active_deduplication_jobs", factory: registry)
    meter.increment(by: 5)
    meter.decrement(by: 2)
    #expect(
      lines(of: "active_deduplication_jobs").suffix(2) == [
        "# TYPE active_deduplication_jobs gauge", "active_deduplication_jobs 3",
      ])
  }

  @Test func timerBecomesAHistogramInSeconds() {
    let timer = Timer(label: "deduplication_duration_seconds", factory: registry)
    timer.recordMilliseconds(1)
    timer.recordMilliseconds(30)
    timer.recordSeconds(60)
    let lines = lines(of: "deduplication_duration_seconds").map(String.init)
    #expect(lines[1] == "# TYPE deduplication_duration_seconds histogram")
    #expect(lines.contains(#"deduplication_duration_seconds_bucket{le="0.0005"} 0"#))
    #expect(lines.contains(#"deduplication_duration_seconds_bucket{le="0.001"} 1"#))
    #expect(lines.contains(#"deduplication_duration_seconds_bucket{le="0.05"} 2"#))
    #expect(lines.contains(#"deduplication_duration_seconds_bucket{le="30"} 2"#))
    #expect(lines.contains(#"deduplication_duration_seconds_bucket{le="+Inf"} 3"#))
    #expect(lines.suffix(2) == ["deduplication_duration_seconds_sum 60.031", "deduplication_duration_seconds_count 3"])
  }

  @Test func seriesBeyondTheLimitFoldIntoOne() {
    for number in 0..<10 {
      Counter(label: "visits", dimensions: [("path", "/\(number)")], factory: registry).increment()
    }
    let lines = lines(of: "visits")
    #expect(lines.count == 2 + 4)
    #expect(lines.contains(#"visits{path="other"} 7"#))
    #expect(registry.render().contains("\nonefold_telemetry_folded_series_total 7\n"))
  }

  @Test func namesAreMadeFitForPrometheus() {
    Counter(label: "http.server/active-requests", dimensions: [("http.method", "GET")], factory: registry).increment()
    Counter(label: "2xx", factory: registry).increment()
    #expect(lines(of: "http_server_active_requests").last == #"http_server_active_requests{http_method="GET"} 1"#)
    #expect(lines(of: "_2xx").last == "_2xx 1")
  }

  @Test func labelValuesAreEscaped() {
    Counter(label: "odd", dimensions: [("path", "a\"b\\c\nd")], factory: registry).increment()
    #expect(lines(of: "odd").last == #"odd{path="a\"b\\c\nd"} 1"#)
  }

  @Test func nameOfTwoKindsKeepsTheFirst() {
    Counter(label: "twice", factory: registry).increment()
    Meter(label: "twice", factory: registry).set(7)
    #expect(lines(of: "twice").suffix(2) == ["# TYPE twice counter", "twice 1"])
  }

  @Test func destroyedSeriesIsNotShown() {
    let meter = Meter(label: "gone", factory: registry)
    meter.set(1)
    meter.destroy()
    #expect(lines(of: "gone").isEmpty)
  }

  @Test func concurrentIncrementsAreAllCounted() async {
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { [registry] in
          let counter = Counter(label: "race", factory: registry)
          let timer = Timer(label: "race_seconds", factory: registry)
          for _ in 0..<5_000 {
            counter.increment()
            timer.recordNanoseconds(1)
          }
        }
      }
    }
    #expect(lines(of: "race").contains("race 40000"))
    #expect(lines(of: "race_seconds").last == "race_seconds_count 40000")
  }
}
