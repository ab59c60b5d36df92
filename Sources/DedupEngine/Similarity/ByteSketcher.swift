// SPDX-License-Identifier: Apache-2.0

/// Sketches contents of any kind by the parts of their bytes (`byt1`): disk images, archives, programs, databases, and their versions.
///
/// Bytes are cut where they say so, as for keeping them (``Chunker``), but into parts of 512 bytes about, so that an edit in one place changes
/// few of many; the same everywhere, because what is compared must be cut alike. Each different part counts once.
public struct ByteSketcher: Sendable {
  /// Of contents, in bytes: what is smaller has too few parts.
  public static let leastSize: Int64 = 32 << 10
  /// From half of the parts on.
  static let leastSimilarity = 0.5
  /// Fewer different parts say too little: of long runs of one byte all are equal.
  static let leastWeight = 16

  private static let chunker = Chunker(
    ChunkingParameters(minimum: 128, average: 512, maximum: 4096, normalization: 2),
    gear: GearTable(secret: Array("byt1".utf8)))

  private var found = MinwiseBins.empty
  private var sample = PartSample()

  public init() {}

  /// A part of a content.
  public struct Part: Hashable, Sendable {
    /// The first bytes of its SHA-256.
    public let hash: UInt64
    public let size: Int

    public init(hash: UInt64, size: Int) {
      self.hash = hash
      self.size = size
    }
  }

  /// Cuts bytes from the end of the last part on, and takes time in proportion: some 1 GB/s on one core (`sketch.bytes`).
  ///
  /// - Parameter isLast: whether the content ends with them. If not, bytes from which the next cut cannot be told are left over.
  /// - Returns: the parts, and how many bytes they have together.
  public static func parts(of bytes: RawSpan, isLast: Bool) -> (parts: [Part], byteCount: Int) {
    var parts: [Part] = []
    let count = chunker.cut(bytes, isLast: isLast) { range in
      let digest = SHA256Hasher.hash(bytes.extracting(range))
      parts.append(Part(hash: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, size: range.count))
    }
    return (parts, count)
  }

  public mutating func add(_ parts: [Part]) {
    found.withUnsafeMutableBufferPointer { found in
      for part in parts {
        MinwiseBins.add(part.hash, to: found)
        sample.add(part.hash)
      }
    }
  }

  /// Nil for a content that has too few different parts.
  public consuming func finish() -> Sketch? {
    let weight = sample.distinctCount
    guard weight >= Self.leastWeight else { return nil }
    var bins = MinwiseBins()
    bins.fill(from: found, sample)
    return Sketch(algorithm: .bytes, signature: bins.signature, weight: weight)
  }

  /// Of a content that is all in memory.
  public static func sketch(_ content: [UInt8]) -> Sketch? {
    var sketcher = ByteSketcher()
    sketcher.add(parts(of: content.span.bytes, isLast: true).parts)
    return sketcher.finish()
  }
}
