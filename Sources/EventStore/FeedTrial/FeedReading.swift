// SPDX-License-Identifier: Apache-2.0

/// What one reader saw, held against what there was to see. Pure.
public struct FeedReading: Sendable {
  public let name: String
  let filter: EventFilter
  /// How many different events.
  public private(set) var count = 0
  /// Positions that came again.
  public private(set) var duplicated: [Position] = []
  /// Positions that came after a later one.
  public private(set) var reordered: [Position] = []
  /// Positions that were wanted and did not come.
  public private(set) var skipped: [Position] = []
  /// Positions that came and were not wanted, or are not in the log.
  public private(set) var foreign: [Position] = []

  private var seen = PositionSet()
  private var last = Position.start

  init(name: String, filter: EventFilter) {
    self.name = name
    self.filter = filter
  }

  mutating func note(_ positions: [Position]) {
    for position in positions {
      if !seen.insert(position) {
        duplicated.append(position)
      } else {
        count += 1
        if position < last { reordered.append(position) }
      }
      last = max(last, position)
    }
  }

  mutating func judge(by wanted: PositionSet) {
    skipped = wanted.subtracting(seen)
    foreign = seen.subtracting(wanted)
  }
}

/// A bit for each position: a million of them take 125 kB.
struct PositionSet: Sendable {
  private var words: [UInt64] = []

  /// False if it was there.
  mutating func insert(_ position: Position) -> Bool {
    let (word, bit) = Self.place(of: position)
    if word >= words.count { words += repeatElement(0, count: word + 1 - words.count) }
    defer { words[word] |= bit }
    return words[word] & bit == 0
  }

  /// What is here and not there, in order.
  func subtracting(_ other: PositionSet) -> [Position] {
    var rest: [Position] = []
    for (index, word) in words.enumerated() {
      var bits = index < other.words.count ? word & ~other.words[index] : word
      while bits != 0 {
        rest.append(Position(Int64(index * 64 + bits.trailingZeroBitCount)))
        bits &= bits - 1
      }
    }
    return rest
  }

  private static func place(of position: Position) -> (word: Int, bit: UInt64) {
    (Int(position.rawValue / 64), 1 << (position.rawValue % 64))
  }
}
