// SPDX-License-Identifier: Apache-2.0

/// How new chunks are compressed. What is kept already stays as it is: each chunk names its own form.
public enum ChunkCompression: RawRepresentable, Hashable, Sendable {
  /// Level 1: the quickest to write and to read.
  case lz4
  /// Smaller, by a third or so of texts; the higher the level, the slower to write.
  case zstd(level: Int)

  public static let zstdLevels = 1...19
  static let defaultZstdLevel = 3

  /// Reads `lz4`, `zstd` or `zstd-<level>`; nil for anything else.
  public init?(rawValue: String) {
    let parts = rawValue.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("lz4", 1): self = .lz4
    case ("zstd", 1): self = .zstd(level: Self.defaultZstdLevel)
    case ("zstd", _):
      guard let level = Int(parts[1]), Self.zstdLevels.contains(level) else { return nil }
      self = .zstd(level: level)
    default: return nil
    }
  }

  public var rawValue: String {
    switch self {
    case .lz4: "lz4"
    case .zstd(let level): "zstd-\(level)"
    }
  }
}
