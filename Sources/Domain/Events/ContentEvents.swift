// SPDX-License-Identifier: Apache-2.0

/// What may happen to a content, whoever owns files of it. Stream: `content-<hex digest>`; these events have no owner.
public enum ContentEvent: Equatable, Sendable {
  case analyzed(ContentAnalyzed)
  case sketched(ContentSketched)
  case reclaimed(ContentReclaimed)
}

/// How the bytes of a settled blob are encoded.
public enum Codec: String, Codable, Sendable { case none, lz4, zstd }

/// The content is settled: kept once, in its final form. The first event of its stream, so it is appended once.
public struct ContentAnalyzed: DomainEvent {
  public static let eventType = "content.analyzed"
  public var digest: Digest
  /// Logical bytes.
  public var size: Int64
  /// Bytes on disk in the final form.
  public var storedBytes: Int64
  public var codec: Codec

  public init(digest: Digest, size: Int64, storedBytes: Int64, codec: Codec) {
    self.digest = digest
    self.size = size
    self.storedBytes = storedBytes
    self.codec = codec
  }
}

/// Others can be compared with the content, and this is what it is compared by: one event for each algorithm that fits it. Appended with
/// `content.analyzed`; of several with the same algorithm the last one counts.
public struct ContentSketched: DomainEvent {
  public static let eventType = "content.sketched"
  public var digest: Digest
  /// How the sketch was made, with all parameters: `txt1`, `img1`, `can1`. Only sketches of one algorithm are compared.
  public var algorithm: String
  /// How much the sketch knows: of a text, its pairs of neighbouring words; of a picture, the parts that are not of one colour; else 1.
  public var weight: Int
  /// In base64: of a text a byte a bin, of a picture a bit a frequency, of what counts of the content (`can1`) the digest.
  public var signature: String
  /// What a document is written in, of whose words the sketch is: `pdf`, `html`, `word` and so on.
  public var form: String?

  public init(digest: Digest, algorithm: String, weight: Int, signature: String, form: String? = nil) {
    self.digest = digest
    self.algorithm = algorithm
    self.weight = weight
    self.signature = signature
    self.form = form
  }
}

/// No file had the content any more, and its bytes are gone. When it is uploaded again it is kept again.
public struct ContentReclaimed: DomainEvent {
  public static let eventType = "content.reclaimed"
  public var digest: Digest
  /// Bytes on disk that were given back.
  public var storedBytes: Int64

  public init(digest: Digest, storedBytes: Int64) {
    self.digest = digest
    self.storedBytes = storedBytes
  }
}
