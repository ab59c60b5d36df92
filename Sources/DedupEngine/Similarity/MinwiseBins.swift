// SPDX-License-Identifier: Apache-2.0

/// What a content is compared by of which only the set of its parts counts: 256 bins, each with the least hash of the parts that fall into it. Of
/// a pair of contents as many bins are equal as, in the mean, parts.
///
/// A pass over the parts fills most bins; few parts take more passes, each with another hash, until all are full ("Fast Similarity Sketching",
/// Dahlgaard, Knudsen and Thorup, 2017), so that contents of any lengths can be compared.
struct MinwiseBins {
  static let count = 256
  /// Nothing found yet.
  static let empty = [UInt32](repeating: .max, count: count)

  private var least = empty
  private var emptyCount = count

  /// In the first pass.
  @inline(__always)
  static func add(_ part: UInt64, to found: UnsafeMutableBufferPointer<UInt32>) {
    let hash = part.mixed
    let bin = Int(truncatingIfNeeded: hash >> 56)
    found[bin] = min(found[bin], value(hash))
  }

  /// - Parameters:
  ///   - found: what the first pass has left.
  ///   - sample: all parts, if they are few.
  mutating func fill(from found: [UInt32], _ sample: PartSample) {
    take(found)
    var found = found
    // Twenty parts fill the bins in some tens of rounds. The last rounds name a bin each, so that none stays empty.
    var round = 1
    while emptyCount > 0 {
      let named = round >= Self.count ? round - Self.count : nil
      for index in found.indices { found[index] = .max }
      for part in sample.parts {
        let hash = (part ^ UInt64(round) &* 0x9e37_79b9_7f4a_7c15).mixed
        let bin = named ?? Int(truncatingIfNeeded: hash >> 56)
        found[bin] = min(found[bin], Self.value(hash))
      }
      take(found)
      round += 1
    }
  }

  /// What an earlier round put into a bin stays.
  private mutating func take(_ found: [UInt32]) {
    for bin in 0..<Self.count where least[bin] == .max && found[bin] != .max {
      least[bin] = found[bin]
      emptyCount -= 1
    }
  }

  /// Eight bits of each bin: with 256 bins they tell as much as all would.
  var signature: [UInt8] { least.map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16 ^ $0 >> 24) } }

  /// 31 bits of a hash: less than what stands in an empty bin.
  @inline(__always)
  private static func value(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) >> 1 }

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
}

/// The distinct parts of a content, as long as there are so few that some bins may be empty after one round.
struct PartSample {
  private(set) var parts: [UInt64] = []
  private var isOpen = true

  /// So many leave a bin empty in one of 30,000 contents: then the bin's value comes from these alone.
  private static let limit = 4096

  @inline(__always)
  mutating func add(_ part: UInt64) {
    guard isOpen else { return }
    parts.append(part)
    if parts.count == 2 * Self.limit { compact() }
  }

  /// Long contents may consist of few parts.
  @inline(never)
  private mutating func compact() {
    parts = Array(Set(parts))
    isOpen = parts.count < Self.limit
  }

  /// How many are distinct, up to some thousands.
  var distinctCount: Int { Set(parts).count }
}
