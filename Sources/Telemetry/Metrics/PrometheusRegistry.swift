// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
import Synchronization

/// The backend of swift-metrics that Prometheus scrapes.
///
/// Counters become counters, meters and plain recorders gauges, timers (in seconds) and aggregating recorders histograms. Names
/// and HELP texts come from ``MetricCatalog``; a metric that is not in it (of a library) is shown all the same.
public final class PrometheusRegistry: Sendable {
  /// Of one metric. `http_requests_total` has a few hundred: methods × statuses × endpoints.
  public static let defaultSeriesLimit = 1000

  private let seriesLimit: Int
  private let disk = Mutex<String?>(nil)
  private let families = Mutex<[String: MetricFamily]>([:])

  public init(seriesLimit: Int = defaultSeriesLimit) { self.seriesLimit = seriesLimit }

  /// All metrics in the text format of Prometheus, with the process's own: for `GET /metrics`.
  public func render() -> String {
    PrometheusText.render(snapshot())
  }

  /// All metrics, the process's own among them.
  func snapshot() -> [MetricFamily] {
    families.withLock { Array($0.values) } + ProcessMetrics.families(disk: disk.withLock { $0 })
  }

  /// Shows the room on the file system of this path from now on.
  public func watchDisk(of path: String) { disk.withLock { $0 = path } }

  /// Nil when the name is already that of a metric of another kind: a mistake that must not end the process.
  private func series(
    _ label: String, _ dimensions: [(String, String)], kind: MetricDescription.Kind
  ) -> MetricFamily.Series? {
    let name = label.metricName
    let found = families.withLock { families -> (series: MetricFamily.Series, folded: Bool)? in
      let description = Self.description(of: name, kind: kind)
      var family = families[name] ?? MetricFamily(description)
      guard family.description.kind == description.kind else { return nil }
      defer { families[name] = family }
      return family.series(Labels(dimensions), limit: seriesLimit)
    }
    if found?.folded == true { counter(Self.foldedSeries, []).increment(by: Int64(1)) }
    return found?.series
  }

  private static let foldedSeries = "onefold_telemetry_folded_series_total"

  private static func description(of name: String, kind: MetricDescription.Kind) -> MetricDescription {
    if let known = MetricCatalog[name], known.kind == kind || known.kind == .untyped && kind == .gauge { return known }
    return MetricDescription(name, kind, "A metric of a library that Onefold uses.")
  }

  private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
    if case .counter(let series) = series(label, dimensions, kind: .counter) { series } else { CounterSeries() }
  }

  private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
    if case .gauge(let series) = series(label, dimensions, kind: .gauge) { series } else { GaugeSeries() }
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries {
    if case .histogram(let series) = series(label, dimensions, kind: .histogram) {
      series
    } else {
      HistogramSeries(bounds: Buckets.seconds)
    }
  }

  private func remove(_ handler: AnyObject) {
    families.withLock { families in
      for name in families.keys { families[name]?.remove(handler) }
    }
  }
}

extension PrometheusRegistry: MetricsFactory {
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    counter(label, dimensions)
  }

  public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler
  {
    counter(label, dimensions)
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    gauge(label, dimensions)
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    if aggregate { histogram(label, dimensions) } else { gauge(label, dimensions) }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions)
  }

  public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
  public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
  public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
  public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
