// SPDX-License-Identifier: Apache-2.0

import DedupEngine

/// Checks rows, in the order of positions, against the ranges of seals; rows that no seal covers must at least be there.
struct BatchCheck {
  private var waiting: [SealRecord] = []
  private var current: RangeCheck?
  /// Of the current range; empty when there is none. For each row they are looked at, and the range itself is not copied for it.
  private var (first, last) = (Int64.max, Int64.max)
  /// Everything up to here was seen or found missing.
  private var seen: Int64
  private var covered: Int64
  private let hasher = EventTuple.hasher()
  private(set) var result = BatchResult()

  /// - Parameter start: the position before the first that is looked at.
  init(after start: Int64) {
    seen = start
    covered = start
  }

  /// Adds a range. Not one that reaches back into a range before it: that is no range of an honest log, and the chain says so.
  mutating func add(_ record: SealRecord) {
    guard record.seal.hasPossibleRange, record.seal.first.rawValue > covered else { return }
    covered = record.seal.last.rawValue
    if current == nil { begin(record) } else { waiting.append(record) }
  }

  /// Takes the next row.
  mutating func add(_ tuple: RawSpan) {
    guard let position = EventTuple.position(of: tuple) else {
      result.findings.add(Finding(.unreadable))
      return
    }
    while position > last { advance() }
    if position >= first {
      if current?.add(tuple, at: position) == false { addUnexpected(position) }
    } else if position <= seen {
      addUnexpected(position)
    } else {
      skip(to: position)
      seen = position
    }
  }

  /// After the last row.
  /// - Parameter end: the last position that there must be.
  mutating func finish(at end: Int64) -> BatchResult {
    while current != nil { advance() }
    skip(to: end + 1)
    return result
  }

  /// Ends the current range and begins the next.
  private mutating func advance() {
    guard var ended = current else { return }
    skip(to: ended.first)
    result.add(ended.finish(), events: ended.events)
    seen = ended.last
    if waiting.isEmpty {
      current = nil
      (first, last) = (.max, .max)
    } else {
      begin(waiting.removeFirst())
    }
  }

  private mutating func begin(_ record: SealRecord) {
    let check = RangeCheck(record, with: hasher)
    (first, last) = (check.first, check.last)
    current = check
  }

  private mutating func skip(to position: Int64) {
    guard position > seen + 1 else { return }
    result.findings.add(Finding(.missing, positions: seen + 1...position - 1))
    seen = position - 1
  }

  private mutating func addUnexpected(_ position: Int64) {
    result.findings.add(Finding(.unexpected, positions: position...position))
  }
}

/// What the check of some ranges came to.
struct BatchResult: Sendable {
  var findings = Findings()
  var suspects: [RangeCheck.Suspect] = []
  var events: Int64 = 0

  mutating func add(_ outcome: RangeCheck.Outcome, events: Int64) {
    findings.add(outcome.findings)
    suspects += outcome.suspects.prefix(max(0, Suspects.limit - suspects.count))
    self.events += events
  }

  mutating func add(_ other: BatchResult) {
    findings.add(other.findings)
    suspects += other.suspects.prefix(max(0, Suspects.limit - suspects.count))
    events += other.events
  }
}
