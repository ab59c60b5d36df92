// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// Keeps parts of payloads from whoever sees the stored bytes: applied to what is appended, and undone to what is read through an
/// ``EventLog``. So every reader in this program sees whole payloads, and tables, dumps, seals and exports of the log hold them
/// concealed.
///
/// The log calls each once for an append or a page.
public protocol PayloadProtection: Sendable {
  /// Payloads as they are stored. Appends that repeat earlier ones may be concealed anew: the log keeps the first.
  ///
  /// - Parameter connection: of the caller's transaction, when the append is part of one; its rows may not be committed yet.
  func conceal(_ appends: [StreamAppend], on connection: PostgresConnection?) async throws -> [StreamAppend]

  /// Payloads as they were before they were concealed, or with empty texts in the place of what is forgotten.
  func reveal(_ events: inout [RecordedEvent]) async throws
}
