// SPDX-License-Identifier: Apache-2.0

/// Sketches texts by their pairs of neighbouring words (`txt1`).
///
/// Formatting does not count: letter case, white space, punctuation, line ends and the encoding. The pairs of words go into 256 bins, and each
/// bin keeps the least of its hashes: of a pair of texts as many bins are equal as, in the mean, pairs of words. A pass over the text fills most
/// bins; short texts take more passes, each with another hash, until all are full ("Fast Similarity Sketching", Dahlgaard, Knudsen and Thorup,
/// 2017), so that texts of any lengths can be compared.
public enum TextSketcher {
  static let binCount = 256
  /// Fewer pairs of words say too little: short texts are alike by chance.
  public static let leastWeight = 20
  /// Sizes of contents that are looked at, in bytes: shorter ones have too few words.
  public static let sizes: ClosedRange<Int64> = 40...8 << 20

  /// Nil for bytes that are no text, and for texts that are too short to tell.
  public static func sketch(_ content: Span<UInt8>) -> Sketch? {
    guard let encoding = TextDecoding.encoding(of: content) else { return nil }
    guard encoding != .utf8 else { return sketch(utf8: content) }
    return sketch(utf8: TextDecoding.utf8(content, from: encoding).span)
  }

  /// False when the first bytes of a content, some of them or all, show that it is none.
  public static func mayBeText(_ bytes: some Collection<UInt8>) -> Bool {
    let mark = Array(bytes.prefix(2))
    return mark == [0xff, 0xfe] || mark == [0xfe, 0xff] || !bytes.prefix(4096).contains(0)
  }

  private static func sketch(utf8 text: Span<UInt8>) -> Sketch? {
    var bins = Bins()
    let weight = bins.fill(from: text)
    guard weight >= leastWeight else { return nil }
    return Sketch(algorithm: .text, signature: bins.signature, weight: weight)
  }

  /// Contents that share the fraction `s` of their parts have a key in common with the probability `1 - (1 - s⁴)³²`: 0.87 for a half, 0.9998
  /// for seven tenths.
  static func keys(of signature: [UInt8]) -> [UInt64] {
    (0..<bandCount).map { band in
      let start = band * rowCount
      return signature[start..<start + rowCount].reduce(UInt64(band)) { $0 << 8 | UInt64($1) }.mixed
    }
  }

  /// The estimated fraction of all parts of both contents that they share (Jaccard's). Of a fraction of one half the estimate is off by 0.03
  /// (one standard deviation).
  static func similarity(_ left: [UInt8], _ right: [UInt8]) -> Double {
    let equal = zip(left, right).count { $0 == $1 }
    // Of 256 values two that have nothing to do with each other are equal once.
    let byChance = 1.0 / 256
    return max(0, (Double(equal) / Double(left.count) - byChance) / (1 - byChance))
  }

  private static let bandCount = 32
  private static let rowCount = 4

  private struct Bins {
    private var least = [UInt32](repeating: .max, count: binCount)
    private var emptyCount = binCount

    /// The number of pairs.
    mutating func fill(from text: Span<UInt8>) -> Int {
      var found = [UInt32](repeating: .max, count: binCount)
      var sample = PairSample()
      var previous: UInt64 = 0
      var count = -1
      found.withUnsafeMutableBufferPointer { found in
        WordScanner.scan(text) { word in
          let pair = previous &* 0xa076_1d64_78bd_642f &+ word
          previous = word
          count &+= 1
          // The first word has no neighbour before it.
          guard count > 0 else { return }
          let hash = pair.mixed
          let bin = Int(truncatingIfNeeded: hash >> 56)
          found[bin] = min(found[bin], value(hash))
          sample.add(pair)
        }
      }
      let weight = max(0, count)
      guard weight >= leastWeight else { return weight }
      take(found)
      // Twenty pairs fill the bins in some tens of rounds. The last rounds name a bin each, so that none stays empty.
      var round = 1
      while emptyCount > 0 {
        let named = round >= binCount ? round - binCount : nil
        for index in found.indices { found[index] = .max }
        for pair in sample.pairs {
          let hash = (pair ^ UInt64(round) &* 0x9e37_79b9_7f4a_7c15).mixed
          let bin = named ?? Int(truncatingIfNeeded: hash >> 56)
          found[bin] = min(found[bin], value(hash))
        }
        take(found)
        round += 1
      }
      return weight
    }

    /// What an earlier round put into a bin stays.
    private mutating func take(_ found: [UInt32]) {
      for bin in 0..<binCount where least[bin] == .max && found[bin] != .max {
        least[bin] = found[bin]
        emptyCount -= 1
      }
    }

    /// Eight bits of each bin: with 256 bins they tell as much as all would.
    var signature: [UInt8] { least.map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16 ^ $0 >> 24) } }
  }
}

/// 31 bits of a hash: less than what stands in an empty bin.
@inline(__always)
private func value(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) >> 1 }

/// The distinct pairs of a text, as long as there are so few that some bins may be empty after one round.
private struct PairSample {
  private(set) var pairs: [UInt64] = []
  private var isOpen = true

  /// So many leave a bin empty in one of 30,000 texts: then the bin's value comes from these alone.
  private static let limit = 4096

  @inline(__always)
  mutating func add(_ pair: UInt64) {
    guard isOpen else { return }
    pairs.append(pair)
    if pairs.count == 2 * Self.limit { compact() }
  }

  /// Long texts may consist of few words.
  @inline(never)
  private mutating func compact() {
    pairs = Array(Set(pairs))
    isOpen = pairs.count < Self.limit
  }
}
