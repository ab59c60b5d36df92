// SPDX-License-Identifier: Apache-2.0

/// What may happen to a content, whoever owns files of it. Stream: `content-<hex digest>`; these events have no owner.
public enum ContentEvent: Equatable, Sendable {
  case analyzed(ContentAnalyzed)
  case reclaimed(ContentReclaimed)
}

/// How the bytes of a settled blob are encoded.
public enum Codec: String, Codable, Sendable { case none, lz4 }

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
