// SPDX-License-Identifier: Apache-2.0

/// A path as what it is looked up by: its bytes.
///
/// Strings are equal when they mean the same to a reader: an é of one scalar is an é of two. To file systems and to Postgres those are two
/// names, and so they are here: else the second of two such files would pass for the first.
public struct PathKey: Hashable, Sendable {
  private let bytes: [UInt8]

  public init(_ path: String) { bytes = Array(path.utf8) }
}
