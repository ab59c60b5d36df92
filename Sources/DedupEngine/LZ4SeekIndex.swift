// SPDX-License-Identifier: Apache-2.0

/// Where each block of a seekable LZ4 frame lies. All numbers are little-endian.
///
/// ```
/// skippable magic 0x184D2A5F · payload length                 4 + 4 bytes
/// header of each block: data length, high bit = stored raw    4 bytes a block
/// content size · block count                                  8 + 4 bytes
/// first 16 bytes of the SHA-256 of the payload so far         16 bytes
/// "OFINDEX1"                                                  8 bytes
/// ```
/// It stands at the end of the file, so that a reader finds it from the file's size alone. It repeats the blocks' headers
/// because LZ4's own block checksum does not cover them.
public struct LZ4SeekIndex: Equatable, Sendable {
  /// Bytes of content.
  public let contentSize: Int64
  let blockHeaders: [UInt32]
  /// Where each block starts in the file, and, last, where the last one ends.
  let offsets: [Int64]

  static let skippableMagic: UInt32 = 0x184D_2A5F
  static let mark = Array("OFINDEX1".utf8)
  static let footerSize = 8 + 4 + 16 + 8
  private static let skippableHeaderSize = 8
  /// End mark and content checksum.
  private static let frameTrailerSize: Int64 = 8

  public var blockCount: Int { blockHeaders.count }

  /// The blocks that hold a range of the content.
  public func blocks(covering range: Range<Int64>) -> Range<Int> {
    guard !range.isEmpty else { return 0..<0 }
    let size = Int64(LZ4Frame.blockSize)
    return Int(range.lowerBound / size)..<Int((range.upperBound - 1) / size) + 1
  }

  /// Where a block lies in the file, header and checksum included.
  func fileRange(ofBlock index: Int) -> Range<Int64> { offsets[index]..<offsets[index + 1] }

  /// Bytes of content in a block.
  func contentCount(ofBlock index: Int) -> Int {
    Int(min(Int64(LZ4Frame.blockSize), contentSize - Int64(index) * Int64(LZ4Frame.blockSize)))
  }

  /// Reads the index at the end of a file; costs one read of 4 KiB for contents up to 250 MB.
  init(_ source: some ByteSource) throws(LZ4FrameError) {
    let tailStart = max(0, source.size - 4096)
    var tail = try source.bytes(tailStart..<source.size)
    guard tail.count >= Self.footerSize + Self.skippableHeaderSize, tail.suffix(Self.mark.count) == Self.mark[...]
    else {
      throw .truncated("no seek index at the end of \(source.size) bytes")
    }
    let footer = tail.count - Self.footerSize
    let size = tail.span.bytes.littleEndian64(at: footer)
    let count = Int64(tail.span.bytes.littleEndian32(at: footer + 8))
    let indexSize = Int64(Self.skippableHeaderSize + Self.footerSize) + 4 * count
    guard indexSize <= source.size, size <= UInt64(Int64.max) else {
      throw .damaged("the seek index tells of \(count) blocks in \(source.size) bytes")
    }
    let indexStart = source.size - indexSize
    tail = try indexStart < tailStart ? source.bytes(indexStart..<source.size) : Array(tail.suffix(Int(indexSize)))
    try self.init(skippableFrame: tail, frameEnd: indexStart, contentSize: Int64(size))
  }

  private init(skippableFrame bytes: [UInt8], frameEnd: Int64, contentSize: Int64) throws(LZ4FrameError) {
    let raw = bytes.span.bytes
    let payload = Self.skippableHeaderSize..<bytes.count
    let sum = bytes.count - 24..<bytes.count - 8
    guard raw.littleEndian32(at: 0) == Self.skippableMagic, raw.littleEndian32(at: 4) == UInt32(payload.count),
      Self.checksum(raw.extracting(payload.lowerBound..<sum.lowerBound)) == Array(bytes[sum])
    else { throw .damaged("the seek index does not match its checksum") }

    let count = (payload.count - Self.footerSize) / 4
    let blockSize = Int64(LZ4Frame.blockSize)
    guard Int64(count) == contentSize / blockSize + (contentSize % blockSize == 0 ? 0 : 1) else {
      throw .damaged("\(count) blocks cannot hold \(contentSize) bytes")
    }
    let headers = (0..<count).map { raw.littleEndian32(at: payload.lowerBound + 4 * $0) }
    let total = headers.reduce(0) { $0 + Self.fileCount(ofHeader: $1) }
    let first = frameEnd - Self.frameTrailerSize - total
    guard first >= 7 else { throw .damaged("the blocks do not fit before the seek index") }

    self.contentSize = contentSize
    blockHeaders = headers
    offsets = headers.reduce(into: [first]) { offsets, header in
      offsets.append(offsets[offsets.count - 1] + Self.fileCount(ofHeader: header))
    }
  }

  /// Length field, data, checksum.
  private static func fileCount(ofHeader header: UInt32) -> Int64 { 4 + Int64(header & 0x7fff_ffff) + 4 }

  private static func checksum(_ bytes: RawSpan) -> [UInt8] { Array(SHA256Hasher.hash(bytes).prefix(16)) }

  /// Collects the blocks' headers while a frame is written.
  struct Builder {
    private var blockHeaders: [UInt32] = []

    mutating func add(blockHeader: UInt32) { blockHeaders.append(blockHeader) }

    func skippableFrame(contentSize: Int64) -> [UInt8] {
      var payload: [UInt8] = []
      for header in blockHeaders { payload.appendLittleEndian(header) }
      payload.appendLittleEndian(UInt64(contentSize))
      payload.appendLittleEndian(UInt32(blockHeaders.count))
      payload += LZ4SeekIndex.checksum(payload.span.bytes)
      payload += LZ4SeekIndex.mark

      var frame: [UInt8] = []
      frame.appendLittleEndian(LZ4SeekIndex.skippableMagic)
      frame.appendLittleEndian(UInt32(payload.count))
      return frame + payload
    }
  }
}
