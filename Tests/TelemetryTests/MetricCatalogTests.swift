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

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    .standardizedFileURL

  /// With ONEFOLD_WRITE_DOCS set, writes the table instead.
  @Test func operationsGuideHasTheWholeTable() throws {
    let guide = Self.root.appending(path: "docs/operations.md")
    var text = try String(contentsOf: guide, encoding: .utf8)
    let begin = try #require(text.range(of: "<!-- metrics: written by the tests from MetricCatalog -->\n"))
    let end = try #require(text.range(of: "<!-- end of metrics -->", range: begin.upperBound..<text.endIndex))
    if ProcessInfo.processInfo.environment["ONEFOLD_WRITE_DOCS"] != nil {
      text.replaceSubrange(begin.upperBound..<end.lowerBound, with: MetricCatalog.markdown)
      try text.write(to: guide, atomically: true, encoding: .utf8)
    } else {
      #expect(
        text[begin.upperBound..<end.lowerBound] == MetricCatalog.markdown,
        "run `ONEFOLD_WRITE_DOCS=1 swift test --filter MetricCatalogTests`")
    }
  }

  @Test func everyMetricOfTheSourcesIsInTheCatalogue() throws {
    let files = try #require(
      FileManager.default.enumerator(at: Self.root.appending(path: "Sources"), includingPropertiesForKeys: nil))
    var found: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      let source = try String(contentsOf: file, encoding: .utf8)
      for match in source.matches(of: /label: "([a-z_]+_(?:total|seconds|bytes|[a-z]+))"/) {
        found.insert(String(match.output.1))
      }
    }
    #expect(found.count > 10)
    #expect(found.subtracting(MetricCatalog.all.map(\.name)) == [])
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
