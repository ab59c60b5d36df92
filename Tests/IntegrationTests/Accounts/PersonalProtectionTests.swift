// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Accounts

extension PersonalKeys {
  static func forTests(_ pool: PostgresPool) throws -> PersonalKeys {
    try PersonalKeys(pool: pool, secret: "a secret for tests alone, of 32 bytes or more")
  }
}

/// What the log stores of a person, and what its readers see.
struct PersonalProtectionTests {
  private let owner = UUID.v7()
  private let upload = FileUploaded(
    fileId: .v7(), path: "Briefe/an \"Frau\" Müller.txt", digest: GeneratedHistory.digest(1), size: 7,
    contentType: "text/plain", jobClass: .bulk)

  private func with(_ body: (PostgresEventLog, PersonalKeys, PostgresPool) async throws -> Void) async throws {
    try await withPool { pool in
      let keys = try PersonalKeys.forTests(pool)
      try await body(Self.log(pool, keys), keys, pool)
    }
  }

  private static func log(_ pool: PostgresPool, _ keys: PersonalKeys) -> PostgresEventLog {
    PostgresEventLog(pool: pool, redis: nil, protection: PersonalProtection(keys: keys))
  }

  private func append<Event: DomainEvent>(
    _ event: Event, id: UUID = .v7(), to log: any EventLog
  ) async throws -> AppendResult {
    try await log.append(to: stream(of: Event.self), expected: .any, [try NewEvent(event, id: id, owner: owner)])
  }

  private func stream(of type: any DomainEvent.Type) -> StreamName {
    type.eventType.hasPrefix("file.")
      ? StreamName(category: "file", id: upload.fileId) : StreamName(category: "account", id: owner)
  }

  private func destroyKey(_ keys: PersonalKeys, _ pool: PostgresPool) async throws {
    let owner = owner
    try await pool.transaction { connection in try await keys.destroy(owner, on: connection) }
  }

  private static func stored(_ pool: PostgresPool) async throws -> [String] {
    try await pool.query("SELECT payload::text FROM log.event ORDER BY position").map { try $0.decode(0) }
  }

  @Test func theTableHoldsNothingPersonalAndEveryReaderSeesItAll() async throws {
    try await with { log, _, pool in
      let registered = AccountRegistered(accountId: owner, email: "ada@example.org", role: .user, quotaBytes: 1)
      _ = try await append(upload, to: log)
      _ = try await append(registered, to: log)
      let disabled = AccountDisabled(accountId: owner, reason: "is Ada's twin")
      let result = try await append(disabled, to: log)

      let stored = try await Self.stored(pool).joined()
      for personal in ["Briefe", "Müller", "ada", "twin"] { #expect(!stored.contains(personal), "\(personal)") }
      #expect(stored.contains("text/plain"))

      let (file, account) = (stream(of: FileUploaded.self), stream(of: AccountRegistered.self))
      let pages = [
        try await log.read(after: .start, limit: 10),
        try await log.read(after: .start, limit: 2000),
        try await log.page(after: .start, limit: 10, filter: .owner(owner)).events,
        try await log.read(stream: file, after: 0, limit: 10) + log.read(stream: account, after: 0, limit: 10),
        try await log.events(at: (1...3).map { Position($0) }),
        try await log.subscribe(after: .start).first { _ in true } ?? [],
      ]
      for page in pages {
        #expect(try page[0].decode(FileUploaded.self) == upload)
        #expect(try page[1].decode(AccountRegistered.self) == registered)
        #expect(try page[2].decode(AccountDisabled.self) == disabled)
        #expect(try page[0].payload == CanonicalJSON.encode(upload), "canonical again, byte for byte")
      }
      let last = try await log.lastEvents(of: [account])[account]
      #expect(last?.position == result.last)
      #expect(try last?.decode(AccountDisabled.self) == disabled)
    }
  }

  @Test func aDestroyedKeyLeavesEmptyTextsAndEverythingElse() async throws {
    try await with { log, keys, pool in
      let before = try await append(upload, to: log)
      try await destroyKey(keys, pool)
      keys.forget(owner)
      let event = try #require(try await log.read(after: .start, limit: 1).first)
      var expected = upload
      expected.path = ""
      #expect(try event.decode(FileUploaded.self) == expected)
      #expect(event.position == before.last && event.owner == owner)
      await #expect(throws: PersonalKeyError.destroyed(account: owner)) { try await append(upload, to: log) }
    }
  }

  @Test func otherProcessesForgetWithinTheStatedTime() async throws {
    try await with { log, keys, pool in
      _ = try await append(upload, to: log)
      let elsewhere = Self.log(pool, try .forTests(pool))
      #expect(try await elsewhere.read(after: .start, limit: 1)[0].decode(FileUploaded.self).path == upload.path)
      let start = ContinuousClock.now
      try await destroyKey(keys, pool)
      try await eventually {
        try await elsewhere.read(after: .start, limit: 1)[0].decode(FileUploaded.self).path.isEmpty
      }
      #expect(start.duration(to: .now) < PersonalKeys.lifetime + .seconds(5), "and the slack of a busy machine")
    }
  }

  @Test func aWrongSecretAndAMissingRowAreErrorsAndNoErasure() async throws {
    try await withPool(role: nil) { pool in
      let keys = try PersonalKeys.forTests(pool)
      _ = try await append(upload, to: Self.log(pool, keys))
      let stranger = try PersonalKeys(pool: pool, secret: String(repeating: "another secret ", count: 3))
      await #expect(throws: PersonalKeyError.wrongSecret) { try await stranger.check() }
      await #expect(throws: PersonalKeyError.wrongSecret) {
        try await Self.log(pool, stranger).read(after: .start, limit: 1)
      }
      let without = try PersonalKeys(pool: pool, secret: nil)
      await #expect(throws: PersonalKeyError.noSecret) {
        try await Self.log(pool, without).read(after: .start, limit: 1)
      }
      try await keys.check()
      _ = try await pool.execute("DELETE FROM personal.key")
      keys.forget(owner)
      await #expect(throws: PersonalKeyError.missing(account: owner)) {
        try await Self.log(pool, keys).read(after: .start, limit: 1)
      }
    }
  }

  @Test func eventsOfTheFirstVersionStayReadableAsTheyAre() async throws {
    try await with { log, _, pool in
      var old = try NewEvent(upload, owner: owner)
      old.schemaVersion = 1
      _ = try await log.append(to: stream(of: FileUploaded.self), expected: .any, [old])
      #expect(try await Self.stored(pool).joined().contains("Briefe"))
      #expect(try await log.read(after: .start, limit: 1)[0].decode(FileUploaded.self) == upload)
    }
  }

  @Test func anAppendSentAgainIsAnsweredAsTheFirstTimeAndChangesNoByte() async throws {
    try await with { log, _, pool in
      let id = UUID.v7()
      let first = try await append(upload, id: id, to: log)
      let stored = try await Self.stored(pool)
      let second = try await append(upload, id: id, to: log)
      #expect(second.isRepeat && second.last == first.last)
      #expect(try await Self.stored(pool) == stored)
    }
  }

  @Test func aTextMovedToAnotherEventIsFoundOut() async throws {
    try await withPool(role: nil) { pool in
      let log = Self.log(pool, try .forTests(pool))
      _ = try await append(upload, to: log)
      var other = upload
      other.path = "somewhere/else"
      _ = try await append(other, to: log)
      _ = try await pool.execute("ALTER TABLE log.event DISABLE TRIGGER ALL")
      _ = try await pool.execute(
        "UPDATE log.event SET payload = (SELECT payload FROM log.event WHERE position = 1) WHERE position = 2")
      await #expect(throws: EventDecodingError.self) { try await log.read(after: .start, limit: 2) }
    }
  }

  @Test func aKeyThatWasRolledBackIsNotUsedAgain() async throws {
    try await with { log, keys, pool in
      struct Undone: Error {}
      let event = try NewEvent(upload, owner: owner)
      let append = StreamAppend(stream: stream(of: FileUploaded.self), expected: .any, events: [event])
      await #expect(throws: Undone.self) {
        try await pool.transaction { connection in
          _ = try await log.append([append], in: connection)
          throw Undone()
        }
      }
      _ = try await log.append([append])
      keys.forget(owner)
      #expect(try await log.read(after: .start, limit: 1)[0].decode(FileUploaded.self) == upload)
    }
  }

  @Test func manyWritersOfANewPersonAgreeOnOneKey() async throws {
    try await withPool { pool in
      let logs = try (0..<8).map { _ in Self.log(pool, try .forTests(pool)) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for log in logs { group.addTask { _ = try await append(upload, to: log) } }
        try await group.waitForAll()
      }
      let read = try await Self.log(pool, .forTests(pool)).read(after: .start, limit: 10)
      #expect(try read.map { try $0.decode(FileUploaded.self) } == [FileUploaded](repeating: upload, count: 8))
    }
  }

  @Test func theApplicationCanDestroyAKeyAndNothingElse() async throws {
    try await with { log, keys, pool in
      _ = try await append(upload, to: log)
      let replaced: Query = "UPDATE personal.key SET wrapped_key = decode(repeat('00', 60), 'hex')"
      await #expect { try await pool.execute(replaced) } throws: { ($0 as? PostgresError)?.sqlState == "OF008" }
      for refused: Query in [
        "DELETE FROM personal.key", "TRUNCATE personal.key", "UPDATE personal.key SET created_at = now()",
      ] {
        await #expect { try await pool.execute(refused) } throws: { ($0 as? PostgresError)?.sqlState == "42501" }
      }
      try await destroyKey(keys, pool)
      let revived: Query = "UPDATE personal.key SET wrapped_key = decode(repeat('00', 60), 'hex'), destroyed_at = NULL"
      await #expect { try await pool.execute(revived) } throws: { ($0 as? PostgresError)?.sqlState == "OF008" }
    }
  }
}
