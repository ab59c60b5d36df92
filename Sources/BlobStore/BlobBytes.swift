// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
public import NIOCore
import Synchronization

/// The bytes of a blob or of a range of it, in buffers of up to 256 KiB, read as they are asked for.
public struct BlobBytes: AsyncSequence, Sendable {
  public typealias Element = ByteBuffer

  /// The range of the content that is read.
  public let range: Range<Int64>
  /// Bytes of the whole content.
  public let size: Int64

  private let digest: Digest
  private let content: any BlobContent
  private let pool: BlockingPool?

  /// - Parameter pool: where reads may block; nil when they never do.
  init(
    digest: Digest, content: any BlobContent, range: Range<Int64>?, pool: BlockingPool?
  ) throws(BlobStoreError) {
    size = content.size
    let range = range ?? 0..<content.size
    guard range.lowerBound >= 0, range.upperBound <= content.size else {
      throw .rangeOutside(range, size: content.size)
    }
    self.range = range
    self.digest = digest
    self.content = content
    self.pool = pool
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(
      content: content, pool: pool, position: range.lowerBound, end: range.upperBound,
      verifier: range == 0..<size ? Verifier(digest: digest) : nil)
  }

  public struct Iterator: AsyncIteratorProtocol, Sendable {
    fileprivate let content: any BlobContent
    fileprivate let pool: BlockingPool?
    fileprivate var position: Int64
    fileprivate let end: Int64
    fileprivate let verifier: Verifier?

    public mutating func next() async throws -> ByteBuffer? {
      guard position < end else { return nil }
      do {
        let buffer = if let pool { try await pool.run { [self] in try read() } } else { try read() }
        position += Int64(buffer.readableBytes)
        return buffer
      } catch {
        BlobMetrics.note(error)
        throw error
      }
    }

    private func read() throws -> ByteBuffer {
      let buffer = try content.bytes(at: position, upTo: end)
      try verifier?.add(buffer, isLast: position + Int64(buffer.readableBytes) == end)
      return buffer
    }
  }
}

/// One stored form of a blob, read by place. Blocks the calling thread.
protocol BlobContent: Sendable {
  /// Bytes of content.
  var size: Int64 { get }

  /// At least one byte, at most 256 KiB, from `offset` on and not past `end`.
  func bytes(at offset: Int64, upTo end: Int64) throws(BlobStoreError) -> ByteBuffer
}

/// Checks a content that is read from its first byte to its last.
private final class Verifier: Sendable {
  private let digest: Digest
  private let hasher = Mutex<SHA256Hasher?>(SHA256Hasher())

  init(digest: Digest) { self.digest = digest }

  func add(_ buffer: ByteBuffer, isLast: Bool) throws(BlobStoreError) {
    let actual: [UInt8]? = hasher.withLock { hasher in
      hasher?.update(buffer.readableBytesSpan)
      return isLast ? hasher.take()?.finish() : nil
    }
    if let actual, actual != digest.bytes {
      throw .damaged(digest, "its bytes have the digest \(Digest(bytes: actual))")
    }
  }
}
