// SPDX-License-Identifier: Apache-2.0

/// What may happen to a content, whoever owns files of it. Stream: `content-<hex digest>`; these events have no owner.
public enum ContentEvent: Equatable, Sendable {
  case analyzed(ContentAnalyzed)
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
