// SPDX-License-Identifier: Apache-2.0

/// One way of making and comparing sketches, with all its parameters. When a parameter changes, it is another algorithm: sketches of two
/// algorithms are never compared.
public enum SketchAlgorithm: String, Codable, Sendable, Hashable, CaseIterable {
  /// Pairs of neighbouring words, in 256 bins; see ``TextSketcher``.
  case text = "txt1"
  /// Signs of low frequencies, in nine windows; see ``PictureSketcher``.
  case picture = "img1"
  /// What does not change when a content is written another way; see ``CanonicalContent``.
  case canonical = "can1"
  /// Parts of the bytes, in 256 bins; see ``ByteSketcher``.
  case bytes = "byt1"

  public var signatureBytes: Int {
    switch self {
    case .text, .bytes: MinwiseBins.count
    case .picture: PictureSketcher.signatureBytes
    case .canonical: CanonicalContent.signatureBytes
    }
  }

  /// From this similarity on two contents are told to be alike, unless somebody wants it otherwise.
  public var leastSimilarity: Double {
    switch self {
    case .text: 0.4
    case .picture: 0.68
    case .canonical: 1
    case .bytes: ByteSketcher.leastSimilarity
    }
  }
}

/// What is kept of a content for finding others that are like it.
public struct Sketch: Sendable, Hashable {
  public var algorithm: SketchAlgorithm
  /// What a pair is compared by: of a text, or of bytes, a byte a bin, of a picture a bit a frequency, of a canonical content its digest.
  public var signature: [UInt8]
  /// How much is known: of a text, its pairs of words, each as often as it occurs; of a picture, its windows that are not flat; of a canonical
  /// content, 1; of bytes, the different parts, up to some thousands.
  public var weight: Int

  public init(algorithm: SketchAlgorithm, signature: [UInt8], weight: Int) {
    self.algorithm = algorithm
    self.signature = signature
    self.weight = weight
  }

  /// Look-up keys: two contents with an equal key are worth comparing. Not bound to anybody.
  public var keys: [UInt64] {
    switch algorithm {
    case .text, .bytes: MinwiseBins.keys(of: signature)
    case .picture: PictureSketcher.keys(of: signature)
    case .canonical: [signature.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }]
    }
  }

  /// How alike two contents are, 0...1: 0 for what is as unlike as by chance, or sketched by another algorithm.
  public func similarity(to other: Sketch) -> Double {
    guard algorithm == other.algorithm, signature.count == other.signature.count, !signature.isEmpty else { return 0 }
    return switch algorithm {
    case .text, .bytes: MinwiseBins.similarity(signature, other.signature)
    case .picture: PictureSketcher.similarity(signature, other.signature)
    case .canonical: signature == other.signature ? 1 : 0
    }
  }
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
