// SPDX-License-Identifier: Apache-2.0

/// Sketches texts by their pairs of neighbouring words (`txt1`).
///
/// Formatting does not count: letter case, white space, punctuation, line ends and the encoding. The pairs of words go into 256 bins, and each
/// bin keeps the least of its hashes: of a pair of texts as many bins are equal as, in the mean, pairs of words. A pass over the text fills most
/// bins; short texts take more passes, each with another hash, until all are full ("Fast Similarity Sketching", Dahlgaard, Knudsen and Thorup,
/// 2017), so that texts of any lengths can be compared.
public enum TextSketcher {
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
    var bins = MinwiseBins()
    let weight = fill(&bins, from: text)
    guard weight >= leastWeight else { return nil }
    return Sketch(algorithm: .text, signature: bins.signature, weight: weight)
  }

  /// The number of pairs.
  private static func fill(_ bins: inout MinwiseBins, from text: Span<UInt8>) -> Int {
    var found = MinwiseBins.empty
    var sample = PartSample()
    var previous: UInt64 = 0
    var count = -1
    found.withUnsafeMutableBufferPointer { found in
      WordScanner.scan(text) { word in
        let pair = previous &* 0xa076_1d64_78bd_642f &+ word
        previous = word
        count &+= 1
        // The first word has no neighbour before it.
        guard count > 0 else { return }
        MinwiseBins.add(pair, to: found)
        sample.add(pair)
      }
    }
    let weight = max(0, count)
    if weight >= leastWeight { bins.fill(from: found, sample) }
    return weight
  }
}
