// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
public import Domain
public import Foundation
public import Postgres

/// Reads by what contents are compared, whoever owns them: for those who run the installation.
public struct SketchViews: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// Contents that files have; without `all` those only of which not everything that this program could know is known.
  public func totals(all: Bool) async throws -> (contents: Int64, bytes: Int64) {
    try await pool.query(
      """
      SELECT count(*), coalesce(sum(size), 0)::bigint FROM savings.content WHERE \(unescaped: Self.isWanted(all: all))
      """
    ).first?.decode((Int64, Int64).self) ?? (0, 0)
  }

  /// In the order of digests.
  /// - Parameter digest: where the part before ended.
  public func contents(after digest: Digest?, all: Bool, limit: Int) async throws -> [ContentViews.HeldContent] {
    try await pool.query(
      """
      SELECT digest, size FROM savings.content
      WHERE \(unescaped: Self.isWanted(all: all)) AND digest > \(digest?.description ?? "")
      ORDER BY digest
      LIMIT \(limit)
      """
    ).map { row in
      let (digest, size) = try row.decode((String, Int64).self)
      return ContentViews.HeldContent(digest: try Digest.read(digest), size: size)
    }
  }

  /// Every content that has a sketch at all has nearly always one of these.
  private static func isWanted(all: Bool) -> StaticString {
    guard !all else { return "files > 0" }
    return """
      files > 0
      AND NOT EXISTS (SELECT FROM similarity.sketch WHERE sketch.digest = content.digest AND sketch.algorithm IN ('can1', 'byt1'))
      """
  }

  /// The signatures that are known of a content, by algorithm.
  public func signatures(of digest: Digest) async throws -> [String: [UInt8]] {
    let rows = try await pool.query(
      "SELECT algorithm, signature FROM similarity.sketch WHERE digest = \(digest.description)")
    return Dictionary(try rows.map { row in (try row.decode(0), try row.decode(1)) }) { first, _ in first }
  }

  /// Those who have files with a content, live or trashed.
  public func owners(of digest: Digest) async throws -> [UUID] {
    try await pool.query("SELECT owner FROM similarity.placement WHERE digest = \(digest.description) ORDER BY owner")
      .map { try $0.decode(0) }
  }
}
