// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Writes a plain LZ4 frame of bytes whose count nobody knows yet: `begin`, `add` as they come, `finish`. `lz4 -d` reads it.
///
/// For what must be found again from the middle there is ``LZ4FrameEncoder``.
// `@unchecked Sendable`: the context has one owner (the type cannot be copied), and LZ4 ties it to no thread.
public struct LZ4StreamEncoder: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer
  private var preferences: LZ4F_preferences_t
  /// Where LZ4 writes: it asks for room for the worst case.
  private let scratch: UnsafeMutableBufferPointer<UInt8>

  /// Bytes that are handed to LZ4 at once.
  private static let pieceSize = LZ4Frame.blockSize

  public init() throws(LZ4FrameError) {
    var context: OpaquePointer?
    try LZ4Frame.check(LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))) { .library($0) }
    guard let context else { throw .library("no compression context") }
    self.context = context
    preferences = LZ4F_preferences_t()
    preferences.frameInfo.blockSizeID = LZ4F_max256KB
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
    scratch = .allocate(capacity: max(Int(LZ4F_HEADER_SIZE_MAX), LZ4F_compressBound(Self.pieceSize, &preferences)))
  }

  deinit {
    LZ4F_freeCompressionContext(context)
    scratch.deallocate()
  }

  /// Appends the frame's header.
  public mutating func begin(into frame: inout [UInt8]) throws(LZ4FrameError) {
    let written = LZ4F_compressBegin(context, scratch.baseAddress, scratch.count, &preferences)
    try append(written, to: &frame)
  }

  /// Takes bytes, and appends what of the frame is ready.
  public mutating func add(_ bytes: [UInt8], into frame: inout [UInt8]) throws(LZ4FrameError) {
    for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
      let count = min(Self.pieceSize, bytes.count - start)
      let written = bytes.withUnsafeBytes { bytes in
        LZ4F_compressUpdate(
          context, scratch.baseAddress, scratch.count, bytes.baseAddress.map { $0 + start }, count, nil)
      }
      try append(written, to: &frame)
    }
  }

  /// Appends the rest of the frame.
  public consuming func finish(into frame: inout [UInt8]) throws(LZ4FrameError) {
    try append(LZ4F_compressEnd(context, scratch.baseAddress, scratch.count, nil), to: &frame)
  }

  private func append(_ written: Int, to frame: inout [UInt8]) throws(LZ4FrameError) {
    try LZ4Frame.check(written) { .library($0) }
    frame.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<written]))
  }
}
