// SPDX-License-Identifier: Apache-2.0

/// Why something is no tar archive, and where.
public struct TarError: Error, Equatable, CustomStringConvertible {
  /// As a clause.
  public let reason: String
  /// Byte of the archive.
  public let offset: Int64

  public var description: String { "The archive is broken at byte \(offset): \(reason)." }
}
