// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation
public import Postgres

/// Reads which contents files have, whoever owns them: for those who run the installation, never to answer a user.
public struct ContentViews: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// A content that some file has.
  public struct HeldContent: Equatable, Sendable {
    public let digest: Digest
    /// Bytes.
    public let size: Int64
  }

  /// A file that has some content.
  public struct Holder: Equatable, Sendable {
    public let owner: UUID
    public let path: String
    public let isLive: Bool
  }

  /// - Returns: how many contents files have, and their bytes.
  public func totals() async throws -> (contents: Int64, bytes: Int64) {
    try await pool.query(Self.totals).first?.decode((Int64, Int64).self) ?? (0, 0)
  }

  /// In the order of digests.
  /// - Parameter digest: where the part before ended.
  public func held(after digest: Digest?, limit: Int) async throws -> [HeldContent] {
    try await pool.query(Self.held(after: digest?.description ?? "", limit: limit)).map { row in
      let (text, size) = try row.decode((String, Int64).self)
      guard let digest = Digest(text) else { throw PostgresError(.decoding, "\"\(text)\" is not a digest") }
      return HeldContent(digest: digest, size: size)
    }
  }

  /// The first files that have a content, live or trashed. Reads all files: for when something is wrong.
  public func holders(of digest: Digest, limit: Int) async throws -> [Holder] {
    try await pool.query(Self.holders(of: digest.description, limit: limit)).map { row in
      let (owner, path, state) = try row.decode((UUID, String, String).self)
      return Holder(owner: owner, path: path, isLive: state == FileItem.State.live.rawValue)
    }
  }

  /// The contents of files of this path, whoever owns them. Reads all files.
  public func digests(ofPath path: String, limit: Int) async throws -> [Digest] {
    try await pool.query(Self.digests(ofPath: path, limit: limit)).map { row in
      try Digest.read(row.decode(0, as: String.self))
    }
  }

  /// How many files have a content, live or trashed; nil for one that none ever had.
  public func files(of digest: Digest) async throws -> Int64? {
    try await pool.query(Self.files(of: digest.description)).first?.decode(0)
  }

  private static let totals: Query =
    "SELECT count(*), coalesce(sum(size), 0)::bigint FROM savings.content WHERE files > 0"

  private static func held(after digest: String, limit: Int) -> Query {
    """
    SELECT digest, size
    FROM savings.content
    WHERE files > 0 AND digest > \(digest)
    ORDER BY digest
    LIMIT \(limit)
    """
  }

  private static func digests(ofPath path: String, limit: Int) -> Query {
    "SELECT DISTINCT digest FROM files.file WHERE path = \(path) ORDER BY digest LIMIT \(limit)"
  }

  private static func files(of digest: String) -> Query { "SELECT files FROM savings.content WHERE digest = \(digest)" }

  private static func holders(of digest: String, limit: Int) -> Query {
    "SELECT owner, path, state FROM files.file WHERE digest = \(digest) ORDER BY position LIMIT \(limit)"
  }
}
