// SPDX-License-Identifier: Apache-2.0

/// One way of making and comparing sketches, with all its parameters. When a parameter changes, it is another algorithm: sketches of two
/// algorithms are never compared.
public enum SketchAlgorithm: String, Codable, Sendable, Hashable, CaseIterable {
  /// Pairs of neighbouring words, in 256 bins; see ``TextSketcher``.
  case text = "txt1"

  public var signatureBytes: Int {
    switch self {
    case .text: TextSketcher.binCount
    }
  }
}

/// What is kept of a content for finding others that are like it.
public struct Sketch: Sendable, Hashable {
  public var algorithm: SketchAlgorithm
  /// What a pair is compared by: one byte a bin. Equal bytes at one place speak for a shared part.
  public var signature: [UInt8]
  /// How much is known: of a text, its pairs of words, each as often as it occurs.
  public var weight: Int

  public init(algorithm: SketchAlgorithm, signature: [UInt8], weight: Int) {
    self.algorithm = algorithm
    self.signature = signature
    self.weight = weight
  }

  /// Look-up keys: two contents with an equal key at one place are worth comparing. Not bound to anybody.
  ///
  /// Contents that share the fraction `s` of their parts have one in common with the probability `1 - (1 - s⁴)³²`: 0.87 for a half, 0.9998
  /// for seven tenths.
  public var keys: [UInt64] {
    (0..<Self.bandCount).map { band in
      let start = band * Self.rowCount
      return signature[start..<start + Self.rowCount].reduce(UInt64(band)) { $0 << 8 | UInt64($1) }.mixed
    }
  }

  /// The estimated fraction of all parts of both contents that they share (Jaccard's), 0...1. Of a fraction of one half the estimate is
  /// off by 0.03 (one standard deviation).
  ///
  /// Zero for sketches of two algorithms.
  public func similarity(to other: Sketch) -> Double {
    guard algorithm == other.algorithm, signature.count == other.signature.count, !signature.isEmpty else { return 0 }
    let equal = zip(signature, other.signature).count { $0 == $1 }
    // Of 256 values two that have nothing to do with each other are equal once.
    let byChance = 1.0 / 256
    return max(0, (Double(equal) / Double(signature.count) - byChance) / (1 - byChance))
  }

  private static let bandCount = 32
  private static let rowCount = 4
}

extension UInt64 {
  /// Spreads what is in any bits over all of them: MurmurHash3's finalizer.
  var mixed: UInt64 {
    var hash = self
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 33
  }
}
