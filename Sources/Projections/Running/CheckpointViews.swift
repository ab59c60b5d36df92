// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// Reads how far each projection has come: for those who run the installation.
public struct CheckpointViews: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// By name.
  public func all() async throws -> [Checkpoint] {
    try await pool.query(Checkpoint.all).map(Checkpoint.init)
  }

  public func checkpoint(_ name: String) async throws -> Checkpoint? {
    try await pool.query(Checkpoint.read(name)).first.map(Checkpoint.init)
  }
}
