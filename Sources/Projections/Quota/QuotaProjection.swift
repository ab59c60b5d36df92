// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Postgres

/// Folds the log into one row for each account.
///
/// It wants every event of an account's stream, also those that change no column: the row tells the stream's version, which whoever
/// appends to it names as expected.
public struct QuotaProjection: Projection {
  public static let name = "quota"
  public static let version = 1
  public static let eventTypes: Set<String> = [
    "account.registered", "account.passwordChanged", "account.roleChanged", "account.disabled", "account.quotaSet",
    "account.quotaCharged", "account.quotaReleased", "account.sessionRevoked",
  ]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    _ = try await connection.execute(Self.fold(EventColumns(batch)))
  }

  /// All steps see the table as it was before the batch: step 3 finds accounts of earlier batches, step 4 those of this one.
  static func fold(_ events: EventColumns) -> Query {
    """
    WITH event AS (
      -- 1. The events with the account they are about.
      SELECT position, version, recorded_at, type, payload, (payload ->> 'accountId')::uuid AS owner
      FROM \(events: events)
    ), change AS (
      -- 2. The last word on each column; null when the batch says nothing of it.
      SELECT owner,
        max(version) AS stream_version,
        bool_or(type = 'account.disabled') AS disabled,
        (array_agg((payload ->> 'role') ORDER BY position DESC)
          FILTER (WHERE type IN ('account.registered', 'account.roleChanged')))[1] AS role,
        (array_agg((payload ->> 'quotaBytes')::bigint ORDER BY position DESC)
          FILTER (WHERE type IN ('account.registered', 'account.quotaSet')))[1] AS quota_bytes,
        (array_agg((payload ->> 'usedBytes')::bigint ORDER BY position DESC)
          FILTER (WHERE type IN ('account.quotaCharged', 'account.quotaReleased')))[1] AS used_bytes
      FROM event
      GROUP BY owner
    ), update AS (
      -- 3.
      UPDATE account
      SET quota_bytes = coalesce(change.quota_bytes, account.quota_bytes),
        used_bytes = coalesce(change.used_bytes, account.used_bytes),
        stream_version = change.stream_version,
        disabled = account.disabled OR change.disabled,
        role = coalesce(change.role, account.role)
      FROM change
      WHERE account.owner = change.owner
    )
    -- 4.
    INSERT INTO account (owner, quota_bytes, used_bytes, stream_version, registered_at, disabled, role, email)
    SELECT owner, quota_bytes, coalesce(used_bytes, 0), stream_version, recorded_at, disabled, role, payload ->> 'email'
    FROM event
    JOIN change USING (owner)
    WHERE type = 'account.registered'
    """
  }
}
