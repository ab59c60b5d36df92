// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Glibc

/// Checks the rows of one seal's range, as they come, against what was sealed.
struct RangeCheck {
  private let record: SealRecord
  private let hasher: MerkleHasher
  /// Of the rows seen; zeros where one is missing.
  private var leaves: [UInt8] = []
  private var next: Int64
  private var changed = Findings()
  private var missing = Findings()
  private var suspects: [Suspect] = []
  private(set) var events: Int64 = 0

  /// An event that is not what was sealed at its position.
  struct Suspect: Sendable {
    let position: Int64
    let event: EventTuple
    /// What was sealed there.
    let leaf: [UInt8]
  }

  struct Outcome {
    var findings = Findings()
    /// Of ranges of which the leaves are known.
    var suspects: [Suspect] = []
  }

  init(_ record: SealRecord, with hasher: MerkleHasher) {
    self.record = record
    self.hasher = hasher
    next = record.seal.first.rawValue
    leaves.reserveCapacity(Int(record.seal.count) * MerkleHasher.hashByteCount)
  }

  var last: Int64 { record.seal.last.rawValue }
  var first: Int64 { record.seal.first.rawValue }

  /// Takes a row of the range. False when its position was there before.
  mutating func add(_ tuple: RawSpan, at position: Int64) -> Bool {
    guard position >= next else { return false }
    skip(to: position)
    hasher.appendLeaf(tuple, to: &leaves)
    if !lastLeafIsSealed {
      changed.add(Finding(.changed, positions: position...position))
      if suspects.count < Suspects.limit, hasLeaf(position) {
        suspects.append(
          Suspect(
            position: position, event: EventTuple(bytes: tuple.withUnsafeBytes { Array($0) }),
            leaf: Array(record.leaf(at: position))))
      }
    }
    next = position + 1
    events += 1
    return true
  }

  /// After the last row of the range.
  mutating func finish() -> Outcome {
    skip(to: record.seal.last.rawValue + 1)
    var outcome = Outcome(findings: missing)
    if changed.all.isEmpty, missing.all.isEmpty {
      // Rows and leaves agree; the root has the last word.
      if !record.hasTrueLeaves(with: hasher) { outcome.findings.add(Finding(.changedSomewhere, record.seal)) }
    } else if record.hasTrueLeaves(with: hasher) {
      outcome.findings.add(changed)
      outcome.suspects = suspects
    } else if missing.all.isEmpty, MerkleTree.root(of: leaves, with: hasher) == record.seal.root {
      outcome.findings.add(Finding(.leavesChanged, record.seal))
    } else {
      outcome.findings.add(Finding(.changedSomewhere, record.seal))
    }
    return outcome
  }

  private mutating func skip(to position: Int64) {
    guard position > next else { return }
    missing.add(Finding(.missing, positions: next...position - 1))
    leaves.append(contentsOf: repeatElement(0, count: Int(position - next) * MerkleHasher.hashByteCount))
    next = position
  }

  private var lastLeafIsSealed: Bool {
    let size = MerkleHasher.hashByteCount
    let start = leaves.count - size
    return record.leaves.withUnsafeBytes { sealed in
      leaves.withUnsafeBytes { seen in
        guard sealed.count >= start + size, let one = sealed.baseAddress, let other = seen.baseAddress else {
          return false
        }
        return memcmp(one + start, other + start, size) == 0
      }
    }
  }

  private func hasLeaf(_ position: Int64) -> Bool {
    record.leaves.count >= Int(position - record.seal.first.rawValue + 1) * MerkleHasher.hashByteCount
  }
}

/// Tells which of the events that were changed have only changed places.
enum Suspects {
  /// Each is compared with each, so there is a limit.
  static let limit = 200

  /// Two events of which each, at the other's position, is what was sealed there.
  static func swaps(_ suspects: [RangeCheck.Suspect]) -> [ClosedRange<Int64>] {
    let hasher = EventTuple.hasher()
    let suspects = suspects.prefix(limit)
    func fits(_ one: RangeCheck.Suspect, at other: RangeCheck.Suspect) -> Bool {
      one.event.moved(to: other.position).leaf(with: hasher) == other.leaf
    }
    var swaps: [ClosedRange<Int64>] = []
    for (index, one) in suspects.enumerated() {
      if let other = suspects.dropFirst(index + 1).first(where: { fits(one, at: $0) && fits($0, at: one) }) {
        swaps.append(min(one.position, other.position)...max(one.position, other.position))
      }
    }
    return swaps
  }
}
