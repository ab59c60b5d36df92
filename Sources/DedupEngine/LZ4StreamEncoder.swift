// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Writes a plain LZ4 frame of bytes whose count nobody knows yet: `begin`, `add` as they come, `finish`. `lz4 -d` reads it.
///
/// For what must be found again from the middle there is ``LZ4FrameEncoder``.
// `@unchecked Sendable`: the context has one owner (the type cannot be copied), and LZ4 ties it to no thread.
public struct LZ4StreamEncoder: ~Copyable, @unchecked Sendable {
  private let context: OpaquePointer
  private var preferences: LZ4F_preferences_t

  public init() throws(LZ4FrameError) {
    var context: OpaquePointer?
    try LZ4Frame.check(LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))) { .library($0) }
    guard let context else { throw .library("no compression context") }
    self.context = context
    preferences = LZ4F_preferences_t()
    preferences.frameInfo.blockSizeID = LZ4F_max256KB
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
  }

  deinit { LZ4F_freeCompressionContext(context) }

  /// Appends the frame's header.
  public mutating func begin(into frame: inout [UInt8]) throws(LZ4FrameError) {
    try append(upTo: Int(LZ4F_HEADER_SIZE_MAX), to: &frame) { context, preferences, output, capacity in
      LZ4F_compressBegin(context, output, capacity, &preferences)
    }
  }

  /// Takes bytes, and appends what of the frame is ready.
  public mutating func add(_ bytes: [UInt8], into frame: inout [UInt8]) throws(LZ4FrameError) {
    let bound = LZ4F_compressBound(bytes.count, &preferences)
    try append(upTo: bound, to: &frame) { context, _, output, capacity in
      LZ4F_compressUpdate(context, output, capacity, bytes, bytes.count, nil)
    }
  }

  /// Appends the rest of the frame.
  public consuming func finish(into frame: inout [UInt8]) throws(LZ4FrameError) {
    let bound = LZ4F_compressBound(0, &preferences)
    try append(upTo: bound, to: &frame) { context, _, output, capacity in
      LZ4F_compressEnd(context, output, capacity, nil)
    }
  }

  private mutating func append(
    upTo capacity: Int, to frame: inout [UInt8],
    _ produce: (OpaquePointer, inout LZ4F_preferences_t, UnsafeMutableRawPointer?, Int) -> Int
  ) throws(LZ4FrameError) {
    let start = frame.count
    frame.append(contentsOf: repeatElement(0, count: capacity))
    let written = frame.withUnsafeMutableBytes { buffer in
      produce(context, &preferences, buffer.baseAddress.map { $0 + start }, capacity)
    }
    try LZ4Frame.check(written) { .library($0) }
    frame.removeLast(capacity - written)
  }
}
