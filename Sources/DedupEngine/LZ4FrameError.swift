// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a seekable LZ4 frame, or no longer the one that was written.
public enum LZ4FrameError: Error, Equatable, CustomStringConvertible {
  /// Bytes are missing, or the seek index is not where it must be.
  case truncated(String)
  /// A checksum or a structure does not hold.
  case damaged(String)
  /// The library refused to work: out of memory, or used against its contract.
  case library(String)

  public var description: String {
    switch self {
    case .truncated(let detail): "the LZ4 frame is cut short: \(detail)"
    case .damaged(let detail): "the LZ4 frame is damaged: \(detail)"
    case .library(let detail): "LZ4 failed: \(detail)"
    }
  }
}
