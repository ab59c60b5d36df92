// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Writes one seekable LZ4 frame: `begin`, `add` for each block in order, `finish`.
// `@unchecked Sendable`: the context has one owner (the type cannot be copied), and LZ4 ties it to no thread.
public struct LZ4FrameEncoder: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer
  private var preferences: LZ4F_preferences_t
  /// Where LZ4 writes: it asks for room for the worst case, which no block needs.
  private let scratch: UnsafeMutableBufferPointer<UInt8>
  private let contentSize: Int64
  private var added: Int64 = 0
  private var index = LZ4SeekIndex.Builder()

  /// - Parameter contentSize: bytes that will be added; `finish` fails when the count was another.
  public init(contentSize: Int64) throws(LZ4FrameError) {
    var context: OpaquePointer?
    try LZ4Frame.check(LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))) { .library($0) }
    guard let context else { throw .library("no compression context") }
    self.context = context
    self.contentSize = contentSize

    preferences = LZ4F_preferences_t()
    preferences.frameInfo.blockSizeID = LZ4F_max256KB
    preferences.frameInfo.blockMode = LZ4F_blockIndependent
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
    preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled
    preferences.frameInfo.contentSize = UInt64(contentSize)
    // One call of `add` is then exactly one block, which is what makes the index possible.
    preferences.autoFlush = 1
    let largestBlock = Int(min(Int64(LZ4Frame.blockSize), max(contentSize, 4096)))
    scratch = .allocate(capacity: max(Int(LZ4F_HEADER_SIZE_MAX), LZ4F_compressBound(largestBlock, &preferences)))
  }

  deinit {
    LZ4F_freeCompressionContext(context)
    scratch.deallocate()
  }

  /// Appends the frame's header.
  public mutating func begin(into frame: inout [UInt8]) throws(LZ4FrameError) {
    try append(to: &frame) { context, output, capacity in
      LZ4F_compressBegin(context, output, capacity, &preferences)
    }
  }

  /// Compresses one block and appends it.
  /// - Precondition: `block` has ``LZ4Frame/blockSize`` bytes; only the last may have fewer, none may be empty.
  public mutating func add(_ block: RawSpan, into frame: inout [UInt8]) throws(LZ4FrameError) {
    precondition(
      (1...LZ4Frame.blockSize).contains(block.byteCount) && added % Int64(LZ4Frame.blockSize) == 0,
      "a block has 256 KiB; only the last may be shorter")
    let start = frame.count
    // A pointer escapes the span only for the call below, which copies what it keeps.
    let (address, count) = block.withUnsafeBytes { ($0.baseAddress, $0.count) }
    try append(to: &frame) { context, output, capacity in
      LZ4F_compressUpdate(context, output, capacity, address, count, nil)
    }
    added += Int64(count)
    index.add(blockHeader: frame.span.bytes.littleEndian32(at: start))
  }

  /// Appends the end of the frame and the seek index.
  /// - Throws: `.library` when fewer or more bytes were added than announced.
  public consuming func finish(into frame: inout [UInt8]) throws(LZ4FrameError) {
    try append(to: &frame) { context, output, capacity in
      LZ4F_compressEnd(context, output, capacity, nil)
    }
    frame += index.skippableFrame(contentSize: contentSize)
  }

  private func append(
    to frame: inout [UInt8], _ produce: (OpaquePointer, UnsafeMutablePointer<UInt8>?, Int) -> Int
  ) throws(LZ4FrameError) {
    let written = produce(context, scratch.baseAddress, scratch.count)
    guard LZ4F_isError(written) == 0 else {
      throw .library(String(cString: LZ4F_getErrorName(written)))
    }
    frame.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<written]))
  }
}
