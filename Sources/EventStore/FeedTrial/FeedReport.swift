// SPDX-License-Identifier: Apache-2.0

/// What a trial came to.
public struct FeedReport: Sendable {
  public let seed: UInt64
  public let writers: Int
  /// Events in the log.
  public let events: Int
  public let rolledBack: Int
  /// How often each disturbance met someone.
  public let disturbed: [String: Int]
  public let duration: Duration
  public let readings: [FeedReading]
  /// Positions where something else is than was acknowledged, or nothing.
  public let lost: [Position]
  /// Positions of events that nobody was told of: an append that happened twice.
  public let doubled: [Position]
  /// Positions that are not the one after the one before.
  public let holes: [Position]

  init(
    seed: UInt64, writers: Int, ledger: FeedLedger, truth: FeedTruth, readings: [FeedReading],
    disturbed: [String: Int], duration: Duration
  ) {
    self.seed = seed
    self.writers = writers
    self.disturbed = disturbed
    self.duration = duration
    events = truth.ids.count
    rolledBack = ledger.rolledBack
    let acknowledged = ledger.acknowledged
    lost = truth.lost(of: acknowledged)
    doubled = truth.unacknowledged(by: acknowledged)
    holes = truth.holes
    self.readings = readings.map { reading in
      var reading = reading
      reading.judge(by: truth.positions(reading.filter))
      return reading
    }.sorted { $0.name < $1.name }
  }

  public var holds: Bool { failures.isEmpty }

  /// `skipped 0, reordered 0, duplicated 0, lost 0`: over all readers, and all acknowledgements.
  public var summary: String {
    let sum = { (part: KeyPath<FeedReading, [Position]>) in readings.reduce(0) { $0 + $1[keyPath: part].count } }
    return "skipped \(sum(\.skipped)), reordered \(sum(\.reordered)), "
      + "duplicated \(sum(\.duplicated) + sum(\.foreign) + doubled.count), lost \(lost.count + holes.count)"
  }

  /// One line for each kind of failure, with the first positions of it.
  public var failures: [String] {
    var lines: [String] = []
    func add(_ what: String, _ positions: [Position]) {
      guard !positions.isEmpty else { return }
      let first = positions.prefix(20).map(\.description).joined(separator: ", ")
      lines.append("\(what): \(first)\(positions.count > 20 ? " and \(positions.count - 20) more" : "")")
    }
    for reading in readings {
      add("the reader of \(reading.name) skipped", reading.skipped)
      add("the reader of \(reading.name) saw out of order", reading.reordered)
      add("the reader of \(reading.name) saw again", reading.duplicated)
      add("the reader of \(reading.name) saw what it did not want", reading.foreign)
    }
    add("acknowledged and not there", lost)
    add("there and acknowledged to nobody", doubled)
    add("the position before is missing", holes)
    return lines
  }
}
