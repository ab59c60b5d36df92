// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Reads single blocks of a seekable LZ4 frame, each verified by its checksum.
///
/// After an error the reader is spent: make a new one.
public struct LZ4FrameReader: ~Copyable, Sendable {
  public let index: LZ4SeekIndex
  private let context: Context

  /// Bytes of content.
  public var contentSize: Int64 { index.contentSize }

  /// Reads index and header; costs two small reads.
  public init(_ source: some ByteSource) throws(LZ4FrameError) {
    let index = try LZ4SeekIndex(source)
    let context = try Context()
    try context.start(header: source.bytes(0..<index.offsets[0]), contentSize: index.contentSize)
    self.index = index
    self.context = context
  }

  /// The content of one block.
  /// - Throws: `.truncated` or `.damaged` when the block is not what was written.
  public mutating func block(_ number: Int, of source: some ByteSource) throws(LZ4FrameError) -> [UInt8] {
    let stored = try source.bytes(index.fileRange(ofBlock: number))
    guard stored.span.bytes.littleEndian32(at: 0) == index.blockHeaders[number] else {
      throw .damaged("block \(number) has another header than the seek index")
    }
    let expected = index.contentCount(ofBlock: number)
    var failure: LZ4FrameError?
    let content = [UInt8](unsafeUninitializedCapacity: expected) { output, produced in
      failure = context.decode(stored, into: output, produced: &produced)
    }
    if let failure { throw failure }
    guard content.count == expected else {
      throw .damaged("block \(number) holds \(content.count) bytes instead of \(expected)")
    }
    return content
  }
}

extension LZ4FrameReader {
  /// The library's state, past the frame's header.
  // `@unchecked Sendable`: it has one owner (the type cannot be copied), and LZ4 ties it to no thread.
  private struct Context: ~Copyable, @unchecked Sendable {
    private let pointer: OpaquePointer

    init() throws(LZ4FrameError) {
      var pointer: OpaquePointer?
      try LZ4Frame.check(LZ4F_createDecompressionContext(&pointer, UInt32(LZ4F_VERSION))) { .library($0) }
      guard let pointer else { throw .library("no decompression context") }
      self.pointer = pointer
    }

    /// Once the header is read the library decodes whichever block it is handed: the blocks are independent.
    func start(header: [UInt8], contentSize: Int64) throws(LZ4FrameError) {
      var info = LZ4F_frameInfo_t()
      var consumed = header.count
      try LZ4Frame.check(LZ4F_getFrameInfo(pointer, &info, header, &consumed)) { .damaged("header: \($0)") }
      guard consumed == header.count, info.blockMode == LZ4F_blockIndependent, info.blockSizeID == LZ4F_max256KB,
        info.blockChecksumFlag == LZ4F_blockChecksumEnabled, info.contentSize == UInt64(contentSize)
      else { throw .damaged("the header is not that of a seekable frame of \(contentSize) bytes") }
    }

    deinit { LZ4F_freeDecompressionContext(pointer) }

    func decode(
      _ stored: [UInt8], into output: UnsafeMutableBufferPointer<UInt8>, produced: inout Int
    ) -> LZ4FrameError? {
      stored.withUnsafeBytes { stored in
        var consumed = 0
        while consumed < stored.count {
          var taken = stored.count - consumed
          var written = output.count - produced
          let result = LZ4F_decompress(
            pointer, output.baseAddress.map { $0 + produced }, &written, stored.baseAddress.map { $0 + consumed },
            &taken, nil)
          if LZ4F_isError(result) != 0 { return .damaged(String(cString: LZ4F_getErrorName(result))) }
          guard taken > 0 || written > 0 else { return .damaged("a block holds more than its share of the content") }
          consumed += taken
          produced += written
        }
        return nil
      }
    }
  }
}
