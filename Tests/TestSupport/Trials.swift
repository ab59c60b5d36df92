// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How often a test tries, with which seed, and the line in which it says so. The tests of the built program read the same two variables.
public enum Trials {
  /// `TRIALS`, or the number of the short form.
  public static func count(_ short: Int) -> Int {
    ProcessInfo.processInfo.environment["TRIALS"].flatMap(Int.init) ?? short
  }

  /// `SEED`, or one that is drawn.
  public static func seed() -> UInt64 {
    ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 0..<1_000_000)
  }

  /// Prints `promise 17: n 30 rounds · seed 7 · 1.8 s · winners 30`: what `Tests/EndToEnd/chaos.py` shows of a test.
  public static func held(
    _ promise: Int, _ n: String, seed: UInt64? = nil, since start: ContinuousClock.Instant, _ figures: String...
  ) {
    let seconds = String(format: "%.1f s", start.duration(to: .now) / .seconds(1))
    print(
      (["promise \(promise): n \(n)", seed.map { "seed \($0)" } ?? "nothing drawn", seconds] + figures)
        .joined(separator: " · "))
  }
}
