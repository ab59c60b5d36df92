// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Synchronization
import Testing

/// A log on a fresh database, a key, a place for the copy, and someone who owns the database and means no good.
struct SealedLog: Sendable {
  let log: PostgresEventLog
  let pool: PostgresPool
  let key: SealKey
  let copy: String

  static func run(_ body: (SealedLog) async throws -> Void) async throws {
    let directory = try TestServices.makeDirectory("seals")
    defer { try? FileManager.default.removeItem(at: directory) }
    try await withEventLog { log, pool in
      try await body(
        SealedLog(log: log, pool: pool, key: SealKey(), copy: directory.appending(path: "seals.ndjson").path))
    }
  }

  var keys: SealKeys { SealKeys(current: key) }

  func append(_ count: Int) async throws {
    let stream = StreamName(category: "test", id: .v7())
    for start in stride(from: 0, to: count, by: 300) {
      let events = (start..<min(count, start + 300)).map { number in
        NewEvent(
          type: "test.happened", schemaVersion: 1, payload: Array(#"{"n":\#(number)}"#.utf8),
          owner: number.isMultiple(of: 2) ? .v7() : nil)
      }
      _ = try await log.append(to: stream, expected: .any, events)
    }
  }

  /// Appends and seals in turn, so that there are several seals.
  func fill(_ sizes: [Int]) async throws {
    for size in sizes {
      try await append(size)
      try await seal()
    }
  }

  @discardableResult
  func seal(with keys: SealKeys? = nil) async throws -> [Seal] {
    try await Sealer.sealNow(pool: pool, keys: keys ?? self.keys, copyPath: copy)
  }

  func verify(withCopy: Bool = false, trusting keys: Set<SealPublicKey>? = nil) async throws -> VerifyReport {
    try await LogVerification(
      configuration: pool.configuration, trusting: keys ?? [key.publicKey], copyPath: withCopy ? copy : nil,
      logger: Logger(label: "test")
    ).run()
  }

  /// Exports the log and verifies that.
  func verifyExport() async throws -> VerifyReport {
    let bytes = Collected()
    _ = try await LogExport(configuration: pool.configuration).run(write: { bytes.add($0) })
    return try ExportVerification(trusting: [key.publicKey]).run(read: { bytes.take() })
  }

  /// Runs statements as the owner of the database, with the triggers that protect the log switched off.
  func tamper(_ statements: String) async throws {
    var owner = pool.configuration
    owner.role = nil
    let connection = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
    try await connection.script("SET session_replication_role = replica; \(statements)")
    await connection.close()
  }

  func seals() async throws -> [Seal] {
    try await SealTable.seals(before: nil, limit: 1000, in: pool).reversed()
  }

  /// Runs a sealer for as long as `body` takes.
  func sealing(
    every events: Int64 = 1, _ sealers: [Sealer]? = nil, _ body: ([Sealer]) async throws -> Void
  ) async throws {
    let sealers = sealers ?? [sealer(every: events)]
    let tasks = sealers.map { sealer in Task { try await sealer.run() } }
    let result: Result<Void, any Error>
    do { result = .success(try await body(sealers)) } catch { result = .failure(error) }
    for task in tasks { task.cancel() }
    for task in tasks { try await task.value }
    try result.get()
  }

  func sealer(every events: Int64 = 1) -> Sealer {
    Sealer(
      pool: pool, keys: keys, policy: SealPolicy(events: events), copyPath: copy,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func sealedThrough() async throws -> Int64 { try await SealTable.last(in: pool)?.last.rawValue ?? 0 }
}

/// Bytes that one writes and another reads.
private final class Collected: Sendable {
  private let pieces = Mutex<[[UInt8]]>([])

  func add(_ piece: [UInt8]) { pieces.withLock { $0.append(piece) } }

  func take() -> [UInt8]? { pieces.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
