// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain

/// What a settled blob takes.
public struct SettledBlob: Equatable, Sendable {
  /// Bytes of content.
  public let size: Int64
  /// Bytes of the file that holds it.
  public let storedBytes: Int64
  public let codec: Codec

  public init(size: Int64, storedBytes: Int64, codec: Codec) {
    self.size = size
    self.storedBytes = storedBytes
    self.codec = codec
  }

  /// Whether a compressed form is worth its decompression: it saves at least one block of the file system.
  static func isWorthwhile(compressed: Int64, raw: Int64) -> Bool {
    let block: Int64 = 4096
    return (compressed + block - 1) / block < (raw + block - 1) / block
  }

  /// The compressed form of a content that is all in memory and fits into one block; nil when it is not worthwhile.
  static func compress(_ content: RawSpan) throws(LZ4FrameError) -> [UInt8]? {
    guard isWorthwhile(compressed: 1, raw: Int64(content.byteCount)) else { return nil }
    var encoder = try LZ4FrameEncoder(contentSize: Int64(content.byteCount))
    var frame: [UInt8] = []
    try encoder.begin(into: &frame)
    try encoder.add(content, into: &frame)
    try encoder.finish(into: &frame)
    return isWorthwhile(compressed: Int64(frame.count), raw: Int64(content.byteCount)) ? frame : nil
  }
}
