// SPDX-License-Identifier: Apache-2.0

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
}
