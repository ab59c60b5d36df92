// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation
public import Postgres

/// What is known of the state of the bytes: how far reading all of them again has come, and which contents are not whole.
public struct StoreHealth: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// One reading of everything that is kept.
  public struct Pass: Equatable, Sendable {
    /// Of the pass under way, or the last one; nil before the first.
    public let startedAt: Date?
    /// Of the last pass that came to its end.
    public let finishedAt: Date?
    /// Read in the pass under way, or the last one.
    public let contents: Int64
    public let bytes: Int64
    /// The last content that was read; nil while no pass is under way.
    public let cursor: String?

    public var isUnderWay: Bool { cursor != nil }
  }

  /// A content that is not whole.
  public struct Damage: Equatable, Sendable {
    public let digest: Digest
    /// Bytes of content.
    public let size: Int64
    public let reason: String
    public let foundAt: Date
    /// The last time that it was read.
    public let checkedAt: Date
  }

  public func pass() async throws -> Pass {
    guard
      let row = try await pool.query("SELECT started_at, finished_at, contents, bytes, cursor FROM blob.scrub").first
    else { throw PostgresError(.decoding, "the table blob.scrub has lost its row") }
    let (startedAt, finishedAt, contents, bytes, cursor) = try row.decode((Date?, Date?, Int64, Int64, String?).self)
    return Pass(startedAt: startedAt, finishedAt: finishedAt, contents: contents, bytes: bytes, cursor: cursor)
  }

  /// The earliest found first.
  public func damage(limit: Int = 1000) async throws -> [Damage] {
    try await pool.query(
      "SELECT digest, size, reason, found_at, checked_at FROM blob.damage ORDER BY found_at, digest LIMIT \(limit)"
    ).map { row in
      let (text, size, reason, foundAt, checkedAt) = try row.decode((String, Int64, String, Date, Date).self)
      guard let digest = Digest(text) else { throw PostgresError(.decoding, "\"\(text)\" is not a digest") }
      return Damage(digest: digest, size: size, reason: reason, foundAt: foundAt, checkedAt: checkedAt)
    }
  }

  public func damagedCount() async throws -> Int64 {
    try await pool.query("SELECT count(*) FROM blob.damage").first?.decode(0) ?? 0
  }

  // MARK: For whoever reads

  public func begin() async throws {
    try await pool.execute(
      "UPDATE blob.scrub SET started_at = clock_timestamp(), contents = 0, bytes = 0, cursor = '' WHERE cursor IS NULL")
  }

  public func advance(to digest: Digest, contents: Int64, bytes: Int64) async throws {
    try await pool.execute(
      """
      UPDATE blob.scrub
      SET cursor = \(digest.description), contents = contents + \(contents), bytes = bytes + \(bytes)
      WHERE cursor < \(digest.description)
      """)
  }

  public func finish() async throws {
    try await pool.execute("UPDATE blob.scrub SET finished_at = clock_timestamp(), cursor = NULL")
  }

  public func note(_ digest: Digest, size: Int64, reason: String) async throws {
    try await pool.execute(
      """
      INSERT INTO blob.damage (size, digest, reason) VALUES (\(size), \(digest.description), \(reason))
      ON CONFLICT (digest) DO UPDATE SET reason = excluded.reason, checked_at = excluded.checked_at
      """)
  }

  /// It is whole again, or nobody has it any more.
  public func forget(_ digest: Digest) async throws {
    try await pool.execute("DELETE FROM blob.damage WHERE digest = \(digest.description)")
  }
}
