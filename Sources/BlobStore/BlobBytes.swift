// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
public import NIOCore
import Synchronization

/// The bytes of a blob or of a range of it, in buffers of up to 256 KiB, read as they are asked for.
public struct BlobBytes: AsyncSequence, Sendable {
  public typealias Element = ByteBuffer

  static let bufferSize = 256 << 10

  /// The range of the content that is read.
  public let range: Range<Int64>
  /// Bytes of the whole content.
  public let size: Int64

  private let digest: Digest
  private let content: any BlobContent
  let pool: BlockingPool?

  /// - Parameter pool: where reads may block; nil when they never do.
  init(
    digest: Digest, content: any BlobContent, range: Range<Int64>?, pool: BlockingPool?
  ) throws(BlobStoreError) {
    size = content.size
    let range = range ?? 0..<content.size
    guard range.lowerBound >= 0, range.upperBound <= content.size else {
      throw .rangeOutside(range, size: content.size)
    }
    // With nothing to read nothing would be checked.
    guard content.size > 0 || digest.bytes == SHA256Hasher.hash([]) else { throw .damaged(digest, "it has no bytes") }
    self.range = range
    self.digest = digest
    self.content = content
    self.pool = pool
  }

  /// All of them, in memory.
  public func collected() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    for try await buffer in self { bytes += buffer.readableBytesView }
    return bytes
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(
      content: content, pool: pool, position: range.lowerBound, end: range.upperBound,
      verifier: range == 0..<size && !content.verifiesItself ? Verifier(digest: digest) : nil)
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
        let buffer = try await content.read(at: position, upTo: end, on: pool) { [self] buffer in
          try verifier?.add(buffer, isLast: position + Int64(buffer.readableBytes) == end)
        }
        position += Int64(buffer.readableBytes)
        return buffer
      } catch {
        BlobMetrics.note(error)
        throw error
      }
    }
  }
}

/// One stored form of a blob, read by place.
protocol BlobContent: Sendable {
  /// Bytes of content.
  var size: Int64 { get }

  /// Whether every part is checked against a digest as it is read, so that the whole need not be.
  var verifiesItself: Bool { get }

  /// At least one byte, at most ``BlobBytes/bufferSize``, from `offset` on and not past `end`.
  /// - Parameters:
  ///   - pool: where it may block; nil when it never does.
  ///   - check: looks at what was read, in the same place.
  func read(
    at offset: Int64, upTo end: Int64, on pool: BlockingPool?,
    then check: @escaping @Sendable (ByteBuffer) throws -> Void
  ) async throws -> ByteBuffer
}

/// A form that is read without asking anybody.
protocol BlockingContent: BlobContent {
  /// As ``BlobContent`` says. Blocks the calling thread.
  func bytes(at offset: Int64, upTo end: Int64) throws(BlobStoreError) -> ByteBuffer
}

extension BlockingContent {
  var verifiesItself: Bool { false }

  func read(
    at offset: Int64, upTo end: Int64, on pool: BlockingPool?,
    then check: @escaping @Sendable (ByteBuffer) throws -> Void
  ) async throws -> ByteBuffer {
    try await BlockingPool.run(on: pool) {
      let buffer = try bytes(at: offset, upTo: end)
      try check(buffer)
      return buffer
    }
  }
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
