// SPDX-License-Identifier: Apache-2.0

/// Runs of words that two texts have in common, in the order of both.
///
/// Words that each text has just once are the anchors ("patience diff"): the longest chain of them that both have in one order cuts the texts into
/// parts, and so on within the parts. Small parts without anchors are compared in full; large ones count as changed. So any two texts take
/// time and memory in proportion to their lengths, but for a logarithm.
enum WordAlignment {
  struct Match: Equatable {
    var left: Int
    var right: Int
    var count: Int
  }

  /// Cells of the table that compares two small parts in full.
  private static let mostCells = 1 << 18

  static func align(_ left: [UInt64], _ right: [UInt64]) -> [Match] {
    var pairs: [(Int, Int)] = []
    // What is on top comes first in the texts.
    var parts = [(left.startIndex..<left.endIndex, right.startIndex..<right.endIndex)]
    while let (l, r) = parts.popLast() {
      var (l, r) = (l, r)
      while let a = l.first, let b = r.first, left[a] == right[b] {
        pairs.append((a, b))
        (l, r) = (l.dropFirst(), r.dropFirst())
      }
      var tail = 0
      while tail < min(l.count, r.count), left[l.upperBound - 1 - tail] == right[r.upperBound - 1 - tail] { tail += 1 }
      if tail > 0 {
        // Comes back as a part of its own, which is all beginning.
        parts.append((l.upperBound - tail..<l.upperBound, r.upperBound - tail..<r.upperBound))
        (l, r) = (l.dropLast(tail), r.dropLast(tail))
      }
      guard !l.isEmpty, !r.isEmpty else { continue }
      if l.count * r.count <= mostCells {
        pairs += longestCommon(left, l, right, r)
        continue
      }
      let anchors = chain(of: sharedOnce(left, l, right, r))
      guard let first = anchors.first else { continue }
      var inner = [(l.lowerBound..<first.0, r.lowerBound..<first.1)]
      for (index, anchor) in anchors.enumerated() {
        let end = index + 1 < anchors.count ? anchors[index + 1] : (l.upperBound, r.upperBound)
        inner.append((anchor.0..<end.0, anchor.1..<end.1))
      }
      parts += inner.reversed()
    }
    return runs(of: pairs)
  }

  private static func runs(of pairs: [(Int, Int)]) -> [Match] {
    var runs: [Match] = []
    for (left, right) in pairs {
      if let last = runs.last, last.left + last.count == left, last.right + last.count == right {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Match(left: left, right: right, count: 1))
      }
    }
    return runs
  }

  /// Words that occur once in each part, in the order of the left one.
  private static func sharedOnce(
    _ left: [UInt64], _ l: Range<Int>, _ right: [UInt64], _ r: Range<Int>
  ) -> [(Int, Int)] {
    func once(_ words: [UInt64], _ range: Range<Int>) -> [UInt64: Int] {
      var places: [UInt64: Int] = [:]
      places.reserveCapacity(range.count)
      // -1 for those that come again.
      for index in range { places[words[index]] = places[words[index]] == nil ? index : -1 }
      return places
    }
    let places = once(right, r)
    let own = once(left, l)
    return l.compactMap { index in
      guard own[left[index]] == index, let place = places[left[index]], place >= 0 else { return nil }
      return (index, place)
    }
  }

  /// The longest part of the pairs that grows on both sides (patience sorting).
  private static func chain(of pairs: [(Int, Int)]) -> [(Int, Int)] {
    var piles: [Int] = []
    var previous = [Int](repeating: -1, count: pairs.count)
    for index in pairs.indices {
      var (low, high) = (0, piles.count)
      while low < high {
        let middle = (low + high) / 2
        if pairs[piles[middle]].1 < pairs[index].1 { low = middle + 1 } else { high = middle }
      }
      if low > 0 { previous[index] = piles[low - 1] }
      if low == piles.count { piles.append(index) } else { piles[low] = index }
    }
    var chain: [(Int, Int)] = []
    var next = piles.last ?? -1
    while next >= 0 {
      chain.append(pairs[next])
      next = previous[next]
    }
    return chain.reversed()
  }

  private static func longestCommon(
    _ left: [UInt64], _ l: Range<Int>, _ right: [UInt64], _ r: Range<Int>
  ) -> [(Int, Int)] {
    let width = r.count + 1
    // The longest from here to the ends.
    var longest = [Int32](repeating: 0, count: (l.count + 1) * width)
    for i in (0..<l.count).reversed() {
      for j in (0..<r.count).reversed() {
        longest[i * width + j] =
          left[l.lowerBound + i] == right[r.lowerBound + j]
          ? longest[(i + 1) * width + j + 1] + 1 : max(longest[(i + 1) * width + j], longest[i * width + j + 1])
      }
    }
    var pairs: [(Int, Int)] = []
    var (i, j) = (0, 0)
    while i < l.count, j < r.count {
      if left[l.lowerBound + i] == right[r.lowerBound + j] {
        pairs.append((l.lowerBound + i, r.lowerBound + j))
        (i, j) = (i + 1, j + 1)
      } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
        i += 1
      } else {
        j += 1
      }
    }
    return pairs
  }
}
