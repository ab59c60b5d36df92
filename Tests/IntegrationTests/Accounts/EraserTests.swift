// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import EventStore
import Foundation
import Logging
import NIOCore
import Postgres
import Projections
import TestSupport
import Testing

@testable import Accounts

/// What is left of somebody who was forgotten, and of everybody else.
struct EraserTests {
  private struct Installation {
    let fixture: AccountsFixture
    let blobs = MemoryBlobStore()
    let ledger: FileLedger
    let reclaimer: Reclaimer
    /// Each call another server's.
    var eraser: Eraser {
      Eraser(
        pool: fixture.pool, log: fixture.log, keys: fixture.keys, ledger: fixture.ledger(),
        positions: ProjectionPositions(pool: fixture.pool), reclaimer: reclaimer)
    }

    init(_ fixture: AccountsFixture) {
      self.fixture = fixture
      ledger = fixture.ledger()
      reclaimer = Reclaimer(pool: fixture.pool, log: fixture.log, blobs: blobs, grace: .zero)
    }

    @discardableResult
    func upload(_ owner: UUID, _ path: String, _ text: String) async throws -> StoredFile {
      let staged = try await blobs.stage()
      try await staged.write(ByteBuffer(string: text))
      let blob = try await staged.finish()
      let outcome = try await ledger.upload(
        owner: owner, actor: owner, path: FilePath(path), digest: blob.digest, size: blob.size, contentType: nil,
        jobClass: .bulk)
      switch outcome {
      case .created(let file, _), .unchanged(let file): return file
      }
    }

    func waitForReadTables() async throws {
      try await ProjectionPositions(pool: fixture.pool).wait(
        for: ProjectionCatalog.names, toReach: fixture.log.head(), timeout: .seconds(60))
    }

    /// Everything that the read tables and the tables of accounts hold.
    func rows() async throws -> String {
      try await waitForReadTables()
      var text = ""
      for projection in ProjectionCatalog.all {
        text += "\(try await ReadTables.rows(of: projection, fixture.pool))"
      }
      for table: Query in [
        "SELECT t::text FROM account.credential t", "SELECT t::text FROM account.session t",
        "SELECT t::text FROM account.refresh_token t", "SELECT t::text FROM personal.key t",
        "SELECT t::text FROM personal.erasure t",
      ] {
        text += try await fixture.pool.query(table).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
      }
      return text
    }
  }

  private func with(_ body: (Installation) async throws -> Void) async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.following { try await body(Installation(fixture)) }
    }
  }

  @Test func afterItNothingIsLeftButAHistoryWithoutTexts() async throws {
    try await with { installation in
      let (fixture, eraser) = (installation.fixture, installation.eraser)
      let ada = try await fixture.register("ada.canary@example.org").id
      _ = try await fixture.signIn("ada.canary@example.org")
      let kept = try await installation.upload(ada, "canary/live.txt", "one")
      let trashed = try await installation.upload(ada, "canary/trashed.txt", "two")
      _ = try await installation.ledger.trash(trashed.id, owner: ada, actor: ada)
      let before = try await installation.rows()
      #expect(before.contains("ada.canary") && before.contains("canary/live.txt"), "the search finds what is there")
      let events = try await fixture.events()

      let erasure = try await eraser.erase(ada)
      #expect(erasure.files == 2 && erasure.bytes == 6 && erasure.eventsInTheClear == 0)
      #expect(erasure.condemned?.bytes == 6)

      let after = try await installation.rows()
      #expect(!after.contains("canary"))
      // The tombstone of the key, so that an erasure is not taken for a loss.
      #expect(after.components(separatedBy: ada.text).count == 2)
      let now = try await fixture.events()
      #expect(now.last?.position == erasure.position)
      #expect(now.prefix(events.count).map(\.id) == events.map(\.id))
      let uploads = try now.filter { $0.type == FileUploaded.eventType }.map { try $0.decode(FileUploaded.self) }
      #expect(uploads.map(\.path) == ["", ""] && uploads.map(\.fileId) == [kept.id, trashed.id])
      let registered = try #require(now.first { $0.type == AccountRegistered.eventType }).decode(AccountRegistered.self)
      #expect(registered.email.isEmpty && registered.quotaBytes == 1 << 30)
      let audit = try OwnerAudit(of: ada, now)
      #expect(audit.used == 0 && audit.sizes.isEmpty)
      await #expect(throws: AccountError.wrongCredentials) { try await fixture.signIn("ada.canary@example.org") }
      await #expect(throws: AccountError.unknownAccount) { try await eraser.erase(ada) }
      let again = try await fixture.register("ada.canary@example.org").id
      #expect(again != ada, "the address is free")
    }
  }

  @Test func contentsGoUnlessSomebodyElseHasThem() async throws {
    try await with { installation in
      let fixture = installation.fixture
      let (ada, bob) = (try await fixture.register().id, try await fixture.register("bob@example.org").id)
      let own = try await installation.upload(ada, "own", "only ada's")
      let shared = try await installation.upload(ada, "shared", "everybody's")
      try await installation.upload(bob, "shared too", "everybody's")
      let erasure = try await installation.eraser.erase(ada)
      #expect(erasure.condemned?.bytes == own.size)
      #expect(try await installation.blobs.contains(own.digest), "until the grace is over")

      #expect(try await installation.reclaimer.pass() == .init(restored: 0, removed: 1, removedBytes: own.size))
      #expect(try await !installation.blobs.contains(own.digest))
      #expect(try await installation.blobs.contains(shared.digest))
      let last = try #require(try await fixture.events().last)
      #expect(try last.decode(ContentReclaimed.self) == ContentReclaimed(digest: own.digest, storedBytes: own.size))
      #expect(last.owner == nil && last.stream.description == "content-\(own.digest.hex)")
      #expect(try await installation.reclaimer.pass() == .init(), "nothing is left to do")

      let again = try await installation.upload(bob, "again", "only ada's")
      #expect(again.digest == own.digest)
      #expect(try await installation.blobs.contains(own.digest))
    }
  }

  @Test func bytesOfFilesThatWereRemovedOneByOneAreGivenBack() async throws {
    try await with { installation in
      let fixture = installation.fixture
      let (ada, bob) = (try await fixture.register().id, try await fixture.register("bob@example.org").id)
      let own = try await installation.upload(ada, "a", "only ada's")
      let twice = try await installation.upload(ada, "b", "ada's, and bob's")
      try await installation.upload(bob, "b", "ada's, and bob's")
      for file in [own, twice] { _ = try await installation.ledger.remove(file.id, owner: ada, actor: ada) }
      #expect(try await Reclaimer.isDue(in: fixture.pool, grace: .zero))
      try await installation.waitForReadTables()
      #expect(try await installation.reclaimer.pass() == .init(restored: 0, removed: 1, removedBytes: own.size))
      #expect(try await !installation.blobs.contains(own.digest))
      #expect(try await installation.blobs.contains(twice.digest))
      #expect(try await !Reclaimer.isDue(in: fixture.pool, grace: .zero))
      #expect(try await installation.reclaimer.pass() == .init(), "nothing is left to do")
    }
  }

  @Test func aContentThatIsUploadedInTheGraceIsRestored() async throws {
    try await with { installation in
      let fixture = installation.fixture
      let (ada, bob) = (try await fixture.register().id, try await fixture.register("bob@example.org").id)
      let file = try await installation.upload(ada, "a", "content")
      _ = try await installation.eraser.erase(ada)
      // Published before the condemnation, as far as the log can know.
      _ = try await installation.ledger.upload(
        owner: bob, actor: bob, path: FilePath("b"), digest: file.digest, size: file.size, contentType: nil,
        jobClass: .bulk)
      #expect(try await installation.reclaimer.pass() == .init(restored: 1, removed: 0, removedBytes: 0))
      #expect(try await installation.blobs.contains(file.digest))
      #expect(try await installation.blobs.removeCondemned(file.digest) == nil)
    }
  }

  @Test func anErasureThatWasCutOffIsFinished() async throws {
    try await with { installation in
      let fixture = installation.fixture
      for removed in [0, 1, 5] {
        let email = "person\(removed)@example.org"
        let person = try await fixture.register(email).id
        for number in 0..<5 { try await installation.upload(person, "\(number)", "\(removed) \(number)") }
        try await installation.eraser.begin(person, nil, nil)
        try await installation.eraser.begin(person, nil, nil)
        await #expect(throws: FileLedgerError.accountDisabled) { try await installation.upload(person, "late", "late") }
        let files = try await fixture.events().filter { $0.owner == person && $0.type == FileUploaded.eventType }
        for file in files.prefix(removed) {
          let id = try file.decode(FileUploaded.self).fileId
          _ = try await installation.ledger.remove(id, owner: person, actor: person)
        }
        #expect(try await installation.eraser.resume() == 1)
        #expect(try await installation.eraser.resume() == 0)
        let events = try await fixture.events().filter { $0.owner == person }
        #expect(events.last?.type == AccountErased.eventType)
        for type in [AccountDisabled.eventType, AccountErased.eventType] {
          #expect(events.count { $0.type == type } == 1)
        }
        #expect(events.count { $0.type == FileRemoved.eventType } == 5)
        #expect(try await fixture.pool.query("SELECT 1 FROM personal.erasure").isEmpty)
      }
    }
  }

  @Test func ofManyWhoEraseOneAccountAtOnceEachFindsItDone() async throws {
    try await with { installation in
      let fixture = installation.fixture
      let person = try await fixture.register().id
      for number in 0..<40 { try await installation.upload(person, "\(number)", "\(number % 7)") }
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          let eraser = installation.eraser
          group.addTask {
            do {
              _ = try await eraser.erase(person)
            } catch {
              #expect(error as? AccountError == .unknownAccount, "\(error)")
            }
          }
        }
      }
      let events = try await fixture.events()
      #expect(events.count { $0.type == AccountErased.eventType } == 1)
      // Paths are forgotten, so none can tell how many files it had.
      let violations = try OwnerAudit(of: person, events).violations.filter { !$0.hasPrefix("a path has one") }
      #expect(violations.isEmpty, "\(violations.prefix(3))")
    }
  }

  @Test func rebuiltTablesEqualTheLiveOnesAfterIt() async throws {
    try await with { installation in
      let fixture = installation.fixture
      let (ada, bob) = (try await fixture.register().id, try await fixture.register("bob@example.org").id)
      for number in 0..<20 {
        try await installation.upload(ada, "a\(number)", "\(number % 5)")
        try await installation.upload(bob, "b\(number)", "\(number % 6)")
      }
      _ = try await installation.rows()
      for projection in ProjectionCatalog.all {
        _ = try await Rebuild.run(projection, pool: fixture.pool, log: fixture.log)
      }
      let previous: Query = "SELECT 1 FROM pg_namespace WHERE nspname LIKE '%\\_previous'"
      #expect(try await fixture.pool.query(previous).count == ProjectionCatalog.all.count)
      _ = try await installation.eraser.erase(ada)
      #expect(try await fixture.pool.query(previous).isEmpty, "what a rebuild replaced is gone, too")
      _ = try await installation.rows()
      for projection in ProjectionCatalog.all {
        let report = try await Rebuild.run(projection, pool: fixture.pool, log: fixture.log)
        #expect(report.comparison == .equal, "\(report)")
      }
    }
  }

  @Test func eventsOfTheFirstVersionAreCountedBecauseTheyCannotBeForgotten() async throws {
    try await with { installation in
      let person = try await installation.fixture.register().id
      let fileId = UUID.v7()
      var old = try NewEvent(
        FileUploaded(
          fileId: fileId, path: "in the clear", digest: GeneratedHistory.digest(1), size: 0, contentType: nil,
          jobClass: .bulk), owner: person)
      old.schemaVersion = 1
      _ = try await installation.fixture.log.append(
        to: StreamName(category: "file", id: fileId), expected: .noStream, [old])
      let erasure = try await installation.eraser.erase(person)
      #expect(erasure.eventsInTheClear == 1 && erasure.files == 1)
    }
  }
}
