// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Reads an LZ4 frame from front to back, in pieces that may be split anywhere.
// `@unchecked Sendable`: the context has one owner (the type cannot be copied), and LZ4 ties it to no thread.
public struct LZ4StreamDecoder: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer
  /// Where LZ4 writes.
  private let scratch: UnsafeMutableBufferPointer<UInt8>
  private var isAtEnd = false
  private var hasMore = false

  public init() throws(LZ4FrameError) {
    var context: OpaquePointer?
    try LZ4Frame.check(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) { .library($0) }
    guard let context else { throw .library("no decompression context") }
    self.context = context
    scratch = .allocate(capacity: LZ4Frame.blockSize)
  }

  deinit {
    LZ4F_freeDecompressionContext(context)
    scratch.deallocate()
  }

  /// The content that these bytes of the frame complete.
  /// - Throws: `.damaged` when they are none of an LZ4 frame, or a checksum does not hold.
  public mutating func add(_ bytes: [UInt8]) throws(LZ4FrameError) -> [UInt8] {
    var content: [UInt8] = []
    var consumed = 0
    while consumed < bytes.count || hasMore {
      var produced = scratch.count
      var taken = bytes.count - consumed
      let result = bytes.withUnsafeBytes { input in
        LZ4F_decompress(
          context, scratch.baseAddress, &produced, input.baseAddress.map { $0 + consumed }, &taken, nil)
      }
      try LZ4Frame.check(result) { .damaged($0) }
      content.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<produced]))
      consumed += taken
      isAtEnd = result == 0
      // A full piece may not have been all; at the end of a frame the library would wait for the next one.
      hasMore = produced == scratch.count && !isAtEnd
    }
    return content
  }

  /// - Throws: `.truncated` when the frame has not ended.
  public consuming func finish() throws(LZ4FrameError) {
    guard isAtEnd else { throw .truncated("its end mark is missing") }
  }
}
