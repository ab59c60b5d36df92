// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Reads an LZ4 frame from front to back, in pieces that may be split anywhere.
// `@unchecked Sendable`: the context has one owner (the type cannot be copied), and LZ4 ties it to no thread.
public struct LZ4StreamDecoder: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer
  private var isAtEnd = false
  private static let pieceSize = 256 << 10

  public init() throws(LZ4FrameError) {
    var context: OpaquePointer?
    try LZ4Frame.check(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) { .library($0) }
    guard let context else { throw .library("no decompression context") }
    self.context = context
  }

  deinit { LZ4F_freeDecompressionContext(context) }

  /// The content that these bytes of the frame complete.
  /// - Throws: `.damaged` when they are none of an LZ4 frame, or a checksum does not hold.
  public mutating func add(_ bytes: [UInt8]) throws(LZ4FrameError) -> [UInt8] {
    guard !bytes.isEmpty else { return [] }
    var content: [UInt8] = []
    var consumed = 0
    var failure: LZ4FrameError?
    var produced = 1
    // Also when all is consumed the library may hold more than fitted into the last piece.
    while failure == nil, consumed < bytes.count || produced > 0 {
      let start = content.count
      content.append(contentsOf: repeatElement(0, count: Self.pieceSize))
      produced = Self.pieceSize
      var taken = bytes.count - consumed
      let result = content.withUnsafeMutableBytes { output in
        bytes.withUnsafeBytes { input in
          LZ4F_decompress(
            context, output.baseAddress.map { $0 + start }, &produced, input.baseAddress.map { $0 + consumed }, &taken,
            nil)
        }
      }
      if LZ4F_isError(result) != 0 { failure = .damaged(String(cString: LZ4F_getErrorName(result))) }
      content.removeLast(Self.pieceSize - produced)
      consumed += taken
      isAtEnd = result == 0
      // Asked for more at the end of a frame, the library would wait for the next one.
      if (isAtEnd && consumed == bytes.count) || (taken == 0 && produced == 0) { break }
    }
    if let failure { throw failure }
    return content
  }

  /// - Throws: `.truncated` when the frame has not ended.
  public consuming func finish() throws(LZ4FrameError) {
    guard isAtEnd else { throw .truncated("its end mark is missing") }
  }
}
