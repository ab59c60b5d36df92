// SPDX-License-Identifier: Apache-2.0

public import Domain
public import NIOCore

/// A content that is being written, by one writer that awaits each call before the next.
///
/// It ends with exactly one of `finish` and `discard`; after a thrown error call `discard`.
public protocol StagedBlob: Sendable {
  /// Adds bytes, hashing them on the way. Returns once they are taken, so awaiting it is backpressure.
  /// - Throws: ``BlobStoreError/full`` when the disk has no room.
  func write(_ bytes: ByteBuffer) async throws

  /// Makes the bytes durable and publishes them under their digest, unless that blob is there already.
  ///
  /// When it returns, the blob survives a power cut. When it throws, nothing was promised.
  /// - Parameter expected: the digest that the sender stated; nil when none was.
  /// - Throws: ``BlobStoreError/mismatch(expected:actual:)``, and then nothing has become visible.
  func finish(expecting expected: Digest?) async throws -> PublishedBlob

  /// Drops the bytes. Safe to call after `finish`, and more than once.
  func discard() async
}

extension StagedBlob {
  public func finish() async throws -> PublishedBlob { try await finish(expecting: nil) }
}

/// A content that is durable under its digest.
public struct PublishedBlob: Equatable, Sendable {
  public let digest: Digest
  /// Bytes of content.
  public let size: Int64

  public init(digest: Digest, size: Int64) {
    self.digest = digest
    self.size = size
  }
}
