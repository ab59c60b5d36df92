// SPDX-License-Identifier: Apache-2.0

import Accounts
import EventStore
import Foundation
import Postgres
import Projections

extension Checkup {
  private static let minimumVersion = 150_000

  func postgres(_ pool: PostgresPool) async throws -> [Finding] {
    let area = "postgres"
    let connection = try await PostgresConnection.connect(pool.configuration, logger: logger)
    defer { Task { await connection.close() } }
    var findings: [Finding] = []
    let version = try await connection.query(
      "SELECT current_setting('server_version_num')::int4, current_setting('server_version')"
    )
    .decode((Int32, String).self).first
    if let (number, text) = version {
      findings.append(
        number >= Self.minimumVersion
          ? .ok(area, "Version \(text).")
          : .fail(area, "Version \(text) is too old.", "Postgres 15 or later is needed."))
    }
    findings += try await durability(connection)
    findings += try await room(connection)
    findings += try await transport(connection)
    findings += try await schema(connection)
    return findings
  }

  /// What Onefold promises stands on these.
  private func durability(_ connection: PostgresConnection) async throws -> [Finding] {
    let wanted = [
      ("fsync", "on", "A crash of the machine can lose or damage everything."),
      ("full_page_writes", "on", "A crash in the middle of a write can damage pages."),
      ("synchronous_commit", "on", "What was acknowledged can be lost in a crash."),
      ("data_sync_retry", "off", "A failed write could be taken for a good one."),
    ]
    var findings: [Finding] = []
    for (name, value, risk) in wanted {
      let current = try await connection.query("SELECT current_setting(\(name))").decode(String.self).first ?? ""
      // Waiting for more than the local disk is fine.
      let isFine = current == value || name == "synchronous_commit" && current.hasPrefix("remote")
      if !isFine {
        findings.append(
          .fail("postgres", "\(name) is \(current). \(risk)", "ALTER SYSTEM SET \(name) = \(value), and reload."))
      }
    }
    if findings.isEmpty {
      findings.append(.ok("postgres", "It waits for its disk (fsync, full_page_writes, synchronous_commit)."))
    }
    let checksums = try await connection.query("SELECT current_setting('data_checksums')").decode(String.self).first
    if checksums != "on" {
      findings.append(
        .note(
          "postgres", "Pages have no checksums.",
          "pg_checksums --enable, with the server stopped: damage of its disk is then found."))
    }
    return findings
  }

  private func room(_ connection: PostgresConnection) async throws -> [Finding] {
    let rows = try await connection.query(
      """
      SELECT current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
      """
    ).decode((Int64, Int64).self)
    guard let (most, now) = rows.first else { return [] }
    let need = Int64(settings.databasePoolSize) + 8
    let text = "\(now) of \(most) connections are taken; this process may need \(need)."
    return [
      most - now < need
        ? .note("postgres", text, "Raise max_connections, or lower DATABASE_POOL_SIZE of all processes.")
        : .ok("postgres", text)
    ]
  }

  private func transport(_ connection: PostgresConnection) async throws -> [Finding] {
    let row = try await connection.query(
      "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), coalesce(host(inet_client_addr()), '')"
    ).decode((Bool, String).self).first
    guard let (isEncrypted, address) = row else { return [] }
    let isLocal = address.isEmpty || address.hasPrefix("127.") || address == "::1"
    if isEncrypted { return [.ok("postgres", "The connection is encrypted.")] }
    if isLocal { return [.ok("postgres", "The connection does not leave this machine.")] }
    return [
      .note(
        "postgres", "The connection is not encrypted.",
        "Add ?sslmode=verify-full&sslrootcert=… to DATABASE_URL; in a network that nobody else reaches it can stay.")
    ]
  }

  private func schema(_ connection: PostgresConnection) async throws -> [Finding] {
    let area = "postgres"
    let pending = try await Migrations.pending(Migrations.load(from: settings.migrationsDirectory), on: connection)
    guard pending.isEmpty else {
      return [
        .fail(
          area, "Migrations are missing: \(pending.joined(separator: ", ")).",
          "onefold migrate, as the owner of the schema.")
      ]
    }
    var findings = [Finding.ok(area, "The schema is this program's.")]
    let rights = try await connection.query(
      """
      SELECT has_table_privilege('log.event', 'INSERT') AND has_table_privilege('log.event', 'SELECT'),
        has_table_privilege('log.event', 'UPDATE') OR has_table_privilege('log.event', 'DELETE'), current_user::text
      """
    ).decode((Bool, Bool, String).self).first
    if let (may, mayTooMuch, user) = rights {
      findings.append(
        !may
          ? .fail(
            area, "The role \(user) cannot append to the log.",
            "onefold migrate grants what is missing to onefold_app; GRANT onefold_app TO \(user) lets this one use it.")
          : mayTooMuch
            ? .note(
              area, "The role \(user) could change the past, but for a trigger.",
              "Let roles that run sign in as onefold_app, and keep the owner for migrations (DATABASE_OWNER_URL).")
            : .ok(area, "The role \(user) can append and cannot change the past."))
    }
    return findings
  }

  func log(_ connections: Connections) async throws -> [Finding] {
    let area = "log"
    var findings: [Finding] = []
    let rows = try await connections.pool.query(
      "SELECT head.position, coalesce((SELECT max(position) FROM log.event), 0) FROM log.head"
    )
    .decode((Int64, Int64).self)
    if let (head, last) = rows.first {
      findings.append(
        head == last
          ? .ok(area, "\(Format.count(Int(head))) events.")
          : .fail(
            area, "The head says \(head), the last event is \(last).",
            "Was the database restored in parts? Restore it whole: docs/operations.md."))
    }
    do {
      try await connections.keys.check()
      findings.append(.ok(area, "ONEFOLD_KEY_SECRET is the one that its keys are wrapped with."))
    } catch {
      findings.append(.fail(area, "\(error)", "Without the right secret nobody can read addresses and paths: find it."))
    }
    let head = try await connections.log.head()
    for checkpoint in try await CheckpointViews(pool: connections.pool).all() {
      let behind = head.rawValue - checkpoint.position.rawValue
      if let error = checkpoint.error {
        findings.append(
          .fail(
            area, "The read table \(checkpoint.name) has stopped: \(error)",
            "onefold parked retry \(checkpoint.name), once that is mended."))
      } else if behind > 10_000 {
        findings.append(
          .note(
            area, "The read table \(checkpoint.name) is \(Format.count(Int(behind))) events behind.",
            "Does a process with the role project run? It catches up by itself."))
      }
    }
    return findings
  }
}
