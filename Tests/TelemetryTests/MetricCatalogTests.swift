// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Foundation
import Testing

@testable import Telemetry

struct MetricCatalogTests {
  @Test func namesAreUniqueAndWellFormed() {
    let names = MetricCatalog.all.map(\.name)
    #expect(Set(names).count == names.count)
    for metric in MetricCatalog.all {
      #expect(metric.name == metric.name.metricName)
      #expect(metric.help.hasSuffix("."), "\(metric.name): help is a sentence")
      #expect(metric.labels.allSatisfy { $0 == $0.metricLabelName })
      #expect(metric.buckets == metric.buckets.sorted())
      #expect((metric.kind == .counter) == metric.name.hasSuffix("_total") || metric.kind == .untyped)
    }
  }

  @Test(arguments: [
    "http_requests_total", "http_request_duration_seconds", "files_processed_total", "duplicates_found_total",
    "deduplication_duration_seconds", "active_deduplication_jobs", "storage_bytes_saved_total",
  ])
  func promisedMetricIsThere(name: String) {
    #expect(MetricCatalog[name] != nil)
  }

  @Test func tableHasALineForEachMetric() {
    #expect(MetricCatalog.markdown.split(separator: "\n").count == MetricCatalog.all.count + 2)
  }

  /// The judge is Prometheus itself: its parser and its linter.
  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "promtool is not installed (apt: prometheus)"))
  func promtoolAcceptsEveryMetric() throws {
    let registry = PrometheusRegistry()
    for metric in MetricCatalog.all where !metric.name.hasPrefix("process_") && metric.name != "onefold_process_threads"
    {
      let labels = metric.labels.map { ($0, "a \"quoted\" \\ value\n") }
      switch metric.kind {
      case .counter: Counter(label: metric.name, dimensions: labels, factory: registry).increment(by: 3)
      case .gauge, .untyped: Meter(label: metric.name, dimensions: labels, factory: registry).set(-1.5)
      case .histogram: Timer(label: metric.name, dimensions: labels, factory: registry).recordMilliseconds(20)
      }
    }
    let process = Process()
    process.executableURL = URL(filePath: Self.promtool)
    process.arguments = ["check", "metrics"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = registry.render()
    for metric in MetricCatalog.all { #expect(text.contains("# TYPE \(metric.name) \(metric.kind.rawValue)\n")) }
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    let complaints = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(complaints == "")
  }

  static let promtool = "/usr/bin/promtool"
}
