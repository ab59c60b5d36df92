// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Synchronization
import Testing

@testable import Postgres

@Suite("Pool: metrics")
struct PoolMetricsTests {
  @Test func statesAndWaitsAreRecordedUnderThePoolsName() {
    let factory = RecordingFactory()
    let metrics = PoolMetrics(pool: "main", factory: factory)
    metrics.record(PoolCounts(idle: 1, lent: 2, connecting: 3, waiting: 4))
    metrics.record(PoolCounts(idle: 3))
    metrics.record(wait: .milliseconds(2))
    let values = factory.values.withLock { $0 }
    #expect(values["onefold_pool_connections{pool=main,state=idle}"] == [1, 3])
    #expect(values["onefold_pool_connections{pool=main,state=lent}"] == [2, 0])
    #expect(values["onefold_pool_connections{pool=main,state=connecting}"] == [3, 0])
    #expect(values["onefold_pool_waiting{pool=main}"] == [4, 0])
    #expect(values["onefold_pool_wait_seconds{pool=main}"] == [2_000_000])
  }
}

/// Writes down every value under its label and dimensions; timers in nanoseconds.
private final class RecordingFactory: MetricsFactory, Sendable {
  let values = Mutex<[String: [Double]]>([:])

  private final class Handler: CounterHandler, RecorderHandler, TimerHandler, MeterHandler, FloatingPointCounterHandler
  {
    let name: String
    let factory: RecordingFactory

    init(_ name: String, _ factory: RecordingFactory) {
      self.name = name
      self.factory = factory
    }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { factory.values.withLock { $0[name, default: []].append(value) } }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }
    func increment(by: Int64) {}
    func increment(by: Double) {}
    func decrement(by: Double) {}
    func set(_ value: Int64) { record(Double(value)) }
    func set(_ value: Double) { record(value) }
    func reset() {}
  }

  private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
    Handler("\(label){\(dimensions.map { "\($0.0)=\($0.1)" }.joined(separator: ","))}", self)
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { handler(label, dimensions) }
  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    handler(label, dimensions)
  }
  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { handler(label, dimensions) }
  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { handler(label, dimensions) }
  func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
    handler(label, dimensions)
  }
  func destroyCounter(_: any CounterHandler) {}
  func destroyRecorder(_: any RecorderHandler) {}
  func destroyTimer(_: any TimerHandler) {}
  func destroyMeter(_: any MeterHandler) {}
  func destroyFloatingPointCounter(_: any FloatingPointCounterHandler) {}
}
