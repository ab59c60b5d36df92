// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
public import Postgres

/// Folds the log into one row for each account.
///
/// It wants every event of an account's stream, also those that change no column: the row tells the stream's version, which whoever
/// appends to it names as expected.
public struct QuotaProjection: Projection {
  public static let name = "quota"
  public static let version = 1
  public static let eventTypes: Set<String>? = [
    "account.registered", "account.passwordChanged", "account.roleChanged", "account.disabled", "account.quotaSet",
    "account.quotaCharged", "account.quotaReleased", "account.sessionRevoked",
  ]

  public static let ownerTables: [StaticString] = ["account"]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    var accounts = InOrder<UUID, AccountChange>()
    for event in batch {
      let payload = Payload(event)
      try accounts[payload.uuid("accountId"), default: AccountChange()].fold(event, payload)
    }
    let registered = zip(accounts.keys, accounts.values).filter { $1.registration != nil }
    if !registered.isEmpty { try await insert(registered, on: connection) }
    let known = zip(accounts.keys, accounts.values).filter { $1.registration == nil }
    if !known.isEmpty { _ = try await connection.execute(Self.change(known)) }
  }

  private func insert(_ accounts: [(UUID, AccountChange)], on connection: PostgresConnection) async throws {
    try await connection.copyIn(
      """
      COPY account (owner, quota_bytes, used_bytes, stream_version, registered_at, disabled, role, email)
      FROM STDIN (FORMAT binary)
      """, rows: accounts
    ) { row, writer in
      guard let account = row.1.registration else { return }
      writer.row(
        row.0, row.1.quotaBytes, row.1.usedBytes ?? 0, row.1.streamVersion, account.at, row.1.isDisabled, row.1.role,
        account.email)
    }
  }

  /// Accounts of earlier batches.
  static func change(_ accounts: [(UUID, AccountChange)]) -> Query {
    """
    UPDATE account
    SET quota_bytes = coalesce(change.quota_bytes, account.quota_bytes),
      used_bytes = coalesce(change.used_bytes, account.used_bytes),
      stream_version = change.stream_version,
      disabled = account.disabled OR change.disabled,
      role = coalesce(change.role, account.role)
    FROM unnest(
      \(accounts.map(\.0)), \(accounts.map(\.1.quotaBytes)), \(accounts.map(\.1.usedBytes)),
      \(accounts.map(\.1.streamVersion)), \(accounts.map(\.1.isDisabled)), \(accounts.map(\.1.role))
    ) AS change (owner, quota_bytes, used_bytes, stream_version, disabled, role)
    WHERE account.owner = change.owner
    """
  }
}

/// What a batch says of one account: the last word on each column, nil where nothing was said.
struct AccountChange {
  struct Registration {
    var at: Date
    var email: String
  }

  var registration: Registration?
  var streamVersion: Int64 = 0
  var isDisabled = false
  var role: String?
  var quotaBytes: Int64?
  var usedBytes: Int64?

  mutating func fold(_ event: RecordedEvent, _ payload: Payload) throws {
    switch event.type {
    case "account.registered":
      guard registration == nil else { throw UnreadableEvent(event, "the account was registered before") }
      registration = Registration(at: event.recordedAt, email: try payload.text("email"))
      role = try payload.text("role")
      quotaBytes = try payload.integer("quotaBytes")
    case "account.roleChanged": role = try payload.text("role")
    case "account.disabled": isDisabled = true
    case "account.quotaSet": quotaBytes = try payload.integer("quotaBytes")
    case "account.quotaCharged", "account.quotaReleased": usedBytes = try payload.integer("usedBytes")
    default: break
    }
    streamVersion = max(streamVersion, event.version)
  }
}
