// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Synchronization

/// One series of a counter, from swift-metrics' whole and floating-point counters alike.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
  private let total = AtomicDouble()

  var value: Double { total.value }

  func increment(by amount: Int64) { increment(by: Double(amount)) }

  /// A counter never falls, so what is not a positive number is left out.
  func increment(by amount: Double) {
    guard amount > 0, amount.isFinite else { return }
    total.add(amount)
  }

  func reset() { total.set(0) }
}

/// One series of a gauge: a meter, or a recorder that does not aggregate.
final class GaugeSeries: MeterHandler, RecorderHandler {
  private let current = AtomicDouble()

  var value: Double { current.value }

  func set(_ value: Int64) { current.set(Double(value)) }
  func set(_ value: Double) { current.set(value) }
  func increment(by amount: Double) { current.add(amount) }
  func decrement(by amount: Double) { current.add(-amount) }
  func record(_ value: Int64) { set(value) }
  func record(_ value: Double) { set(value) }
}

/// One series of a histogram: a timer (in seconds), or a recorder that aggregates.
final class HistogramSeries: TimerHandler, RecorderHandler {
  struct Snapshot: Sendable, Equatable {
    /// Observations at or below each bound and above the one before; the last is for infinity.
    var counts: [UInt64]
    var sum: Double = 0
  }

  let bounds: [Double]
  private let state: Mutex<Snapshot>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(Snapshot(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  /// Counts and sum of one moment.
  var snapshot: Snapshot { state.withLock { $0 } }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    guard !value.isNaN else { return }
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[bucket] += 1
      $0.sum += value
    }
  }
}

/// A double that any thread may add to, without a lock.
struct AtomicDouble: ~Copyable {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var seen = bits.load(ordering: .relaxed)
    while true {
      let sum = Double(bitPattern: seen) + amount
      let (exchanged, original) = bits.weakCompareExchange(
        expected: seen, desired: sum.bitPattern, ordering: .relaxed)
      if exchanged { return }
      seen = original
    }
  }
}
