// SPDX-License-Identifier: Apache-2.0

internal import Metrics

/// What a pool tells of itself.
struct PoolMetrics: Sendable {
  private let idle: Gauge
  private let lent: Gauge
  private let connecting: Gauge
  private let waiting: Gauge
  private let wait: Timer

  init(pool: String, factory: any MetricsFactory = MetricsSystem.factory) {
    func gauge(_ state: String) -> Gauge {
      Gauge(label: "onefold_pool_connections", dimensions: [("pool", pool), ("state", state)], factory: factory)
    }
    idle = gauge("idle")
    lent = gauge("lent")
    connecting = gauge("connecting")
    waiting = Gauge(label: "onefold_pool_waiting", dimensions: [("pool", pool)], factory: factory)
    wait = Timer(label: "onefold_pool_wait_seconds", dimensions: [("pool", pool)], factory: factory)
  }

  func record(_ counts: PoolCounts) {
    idle.record(counts.idle)
    lent.record(counts.lent)
    connecting.record(counts.connecting)
    waiting.record(counts.waiting)
  }

  func record(wait duration: Duration) {
    let (seconds, attoseconds) = duration.components
    wait.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
