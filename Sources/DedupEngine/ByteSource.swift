// SPDX-License-Identifier: Apache-2.0

/// Bytes of a known count that can be read from any place: a file, or memory.
public protocol ByteSource {
  var size: Int64 { get }

  /// Exactly the bytes of the range, which lies within the size.
  /// - Throws: ``LZ4FrameError/truncated(_:)`` when the source ends early; reports its own trouble as `.library`.
  func bytes(_ range: Range<Int64>) throws(LZ4FrameError) -> [UInt8]
}

/// A source in memory.
public struct ArraySource: ByteSource {
  private let array: [UInt8]

  public init(bytes: [UInt8]) { array = bytes }

  public var size: Int64 { Int64(array.count) }

  public func bytes(_ range: Range<Int64>) throws(LZ4FrameError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= size else {
      throw .truncated("bytes \(range) of \(size) were asked for")
    }
    return Array(array[Int(range.lowerBound)..<Int(range.upperBound)])
  }
}
