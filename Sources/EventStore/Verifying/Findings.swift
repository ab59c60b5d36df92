// SPDX-License-Identifier: Apache-2.0

/// What was found so far, neighbours of a kind joined, in bounded memory.
struct Findings: Sendable {
  /// Further ones are counted and not kept.
  static let limit = 10_000

  private(set) var all: [Finding] = []
  private(set) var dropped = 0

  mutating func add(_ finding: Finding) {
    if let joined = all.last?.joined(with: finding) {
      all[all.count - 1] = joined
    } else if all.count < Self.limit {
      all.append(finding)
    } else {
      dropped += 1
    }
  }

  mutating func add(_ other: Findings) {
    for finding in other.all { add(finding) }
    dropped += other.dropped
  }

  /// In the order of positions.
  func sorted() -> [Finding] {
    var sorted = Findings()
    let place = { (finding: Finding) in finding.positions?.lowerBound ?? finding.seals?.lowerBound ?? 0 }
    for finding in all.sorted(by: { ($0.kind.rawValue, place($0)) < ($1.kind.rawValue, place($1)) }) {
      sorted.add(finding)
    }
    return sorted.all.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }.map(
      \.element)
  }
}
