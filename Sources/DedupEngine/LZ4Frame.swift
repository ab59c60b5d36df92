// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Seekable LZ4: a standard LZ4 frame (`lz4 -d` opens it) whose blocks can be decoded one by one.
///
/// ```
/// frame header      magic, descriptor (independent blocks of 256 KiB, content size, both checksums)
/// block …           length, data (raw when it does not compress), XXH32
/// end mark, XXH32 of the content
/// skippable frame   the seek index: other decoders pass over it
/// ```
/// See ``LZ4SeekIndex`` for the index. A range costs the blocks it touches, and nothing else is read.
public enum LZ4Frame {
  /// Bytes of content in each block but the last.
  public static let blockSize = 256 << 10

  /// Compresses content that is all in memory.
  public static func compress(_ content: [UInt8]) throws(LZ4FrameError) -> [UInt8] {
    var encoder = try LZ4FrameEncoder(contentSize: Int64(content.count))
    var frame: [UInt8] = []
    try encoder.begin(into: &frame)
    for start in stride(from: 0, to: content.count, by: blockSize) {
      let end = min(start + blockSize, content.count)
      try encoder.add(content.span.extracting(start..<end).bytes, into: &frame)
    }
    try encoder.finish(into: &frame)
    return frame
  }

  /// The bytes of a range of the content, or all of them.
  /// - Precondition: the range lies within the content.
  public static func decompress(_ frame: [UInt8], range: Range<Int64>? = nil) throws(LZ4FrameError) -> [UInt8] {
    let source = ArraySource(bytes: frame)
    var reader = try LZ4FrameReader(source)
    let range = range ?? 0..<reader.contentSize
    var content: [UInt8] = []
    content.reserveCapacity(Int(range.upperBound - range.lowerBound))
    for index in reader.index.blocks(covering: range) {
      let block = try reader.block(index, of: source)
      let start = Int64(index) * Int64(blockSize)
      let wanted = range.clamped(to: start..<start + Int64(block.count))
      content += block[Int(wanted.lowerBound - start)..<Int(wanted.upperBound - start)]
    }
    return content
  }

  static func check(_ result: Int, or error: (String) -> LZ4FrameError) throws(LZ4FrameError) {
    if LZ4F_isError(result) != 0 { throw error(String(cString: LZ4F_getErrorName(result))) }
  }
}
