// SPDX-License-Identifier: Apache-2.0

public import Logging
public import ServiceLifecycle
import Tracing

/// Sends spans, metrics and log records to a collector, in the background.
///
/// Whoever records something never waits for it: queues are bounded, and what does not fit is dropped and counted. A collector that is away
/// costs one failed connection in a while.
public final class TelemetryExport: Service {
  private let configuration: OTLPConfiguration
  private let registry: PrometheusRegistry
  private let spans: ExportQueue<FinishedSpan>?
  private let records: ExportQueue<LogRecord>?
  private let startTime = DefaultTracerClock.now.nanosecondsSinceEpoch

  /// How long the rest may take at the end.
  private static let farewell = Duration.seconds(3)

  /// Records spans from now on. Once, after the metrics' backend is there.
  public init(_ configuration: OTLPConfiguration, registry: PrometheusRegistry) {
    self.configuration = configuration
    self.registry = registry
    spans = configuration.destinations[.traces].map { _ in ExportQueue(.traces, configuration.spans) }
    records = configuration.destinations[.logs].map { _ in ExportQueue(.logs, configuration.logs) }
    if let spans {
      Traces.begin(RecordingTracer(sampler: configuration.sampler) { spans.offer($0) })
    }
  }

  /// Takes records for the collector; nil when logs are not sent.
  func logHandler(label: String, level: Logger.Level) -> (any LogHandler)? {
    records.map { records in RecordLogHandler(label: label, level: level) { records.offer($0) } }
  }

  /// Sends until graceful shutdown, and then what is left, if the collector takes it at once.
  public func run() async throws {
    let logger = Logger(label: "onefold.telemetry")
    let resource = configuration.resource
    await withTaskGroup { group in
      for (signal, destination) in configuration.destinations {
        let sender = OTLPSender(signal, destination, logger: logger)
        group.addTask {
          switch signal {
          case .traces: await Self.drain(self.spans, sender) { OTLPBody.traces($0, resource: resource) }
          case .logs: await Self.drain(self.records, sender) { OTLPBody.logs($0, resource: resource) }
          case .metrics: await self.sendMetrics(sender)
          }
        }
      }
    }
  }

  private static func drain<Element>(
    _ queue: ExportQueue<Element>?, _ sender: OTLPSender, _ body: @escaping @Sendable ([Element]) -> String
  ) async {
    guard let queue else { return }
    @Sendable func sendAll() async {
      var batch = queue.take()
      while !batch.isEmpty {
        if await !sender.send(body(batch)) {
          // Told to stop meanwhile: what was under way has another moment.
          guard !Task.isCancelled else { return queue.putBack(batch) }
          queue.drop(batch.count)
        }
        batch = queue.take()
      }
    }
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await queue.wait()
        await sendAll()
      }
    }
    await atMost(farewell) { await sendAll() }
  }

  private func sendMetrics(_ sender: OTLPSender) async {
    let send: @Sendable () async -> Void = {
      let body = OTLPBody.metrics(
        self.registry.snapshot(), since: self.startTime, at: DefaultTracerClock.now.nanosecondsSinceEpoch,
        resource: self.configuration.resource)
      _ = await sender.send(body)
    }
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: self.configuration.metricInterval)
        if !Task.isCancelled { await send() }
      }
    }
    await Self.atMost(Self.farewell, send)
  }

  private static func atMost(_ limit: Duration, _ body: @escaping @Sendable () async -> Void) async {
    await withTaskGroup { group in
      group.addTask { await body() }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }
}
