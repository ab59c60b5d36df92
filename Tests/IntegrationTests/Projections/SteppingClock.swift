// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Goes on by 0 to 7 microseconds, as far as Postgres can tell times apart, and by a minute every now and then.
final class SteppingClock: Sendable {
  private let ticks = Atomic<Int64>(0)

  func next() -> Date {
    let tick = ticks.add(1, ordering: .relaxed).newValue
    return Date(timeIntervalSince1970: 1_700_000_000 + Double(tick / 3 * 7) / 1e6 + Double(tick / 20) * 61)
  }
}
