// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import TestSupport
import Testing

struct FileLedgerTests {
  @Test func anUploadIsChargedAndAppendedInOneAppend() async throws {
    let fixture = try await LedgerFixture()
    let outcome = try await fixture.upload("a.txt", "hello")
    let file = outcome.file
    #expect(outcome == .created(file, position: Position(3)))
    #expect(file.path == "a.txt" && file.size == 5 && file.state == .live && file.position == Position(3))
    #expect(file.digest == LedgerFixture.digest("hello") && file.contentType == "text/plain")

    let events = try await fixture.events()
    #expect(events.map(\.type) == ["account.registered", "account.quotaCharged", "file.uploaded"])
    #expect(events[1].stream == StreamName(category: "account", id: fixture.owner) && events[1].version == 2)
    #expect(events[2].stream == StreamName(category: "file", id: file.id) && events[2].version == 1)
    #expect(events.allSatisfy { $0.owner == fixture.owner })
    #expect(try await fixture.audit().used == 5)
  }

  @Test func theSameBytesAtTheSamePathChangeNothing() async throws {
    let fixture = try await LedgerFixture()
    let first = try await fixture.upload("a.txt", "hello")
    let second = try await fixture.upload("a.txt", "hello")
    #expect(second == .unchanged(first.file))
    #expect(try await fixture.events().count == 3)
  }

  @Test func theSameBytesAtAnotherPathAreAnotherFileAndChargedAgain() async throws {
    let fixture = try await LedgerFixture()
    let first = try await fixture.upload("a.txt", "hello")
    let second = try await fixture.upload("b.txt", "hello")
    #expect(second.isCreated && first.file.id != second.file.id)
    #expect(try await fixture.audit().used == 10)
  }

  /// Known to this ledger, and to the read model alone.
  @Test func namesThatReadTheSameAreTwoWhenTheirBytesDiffer() async throws {
    let fixture = try await LedgerFixture()
    let first = try await fixture.upload("caf\u{e9}", "hello")
    let second = try await fixture.upload("cafe\u{301}", "hello")
    #expect(second.isCreated && first.file.id != second.file.id)
    let third = try await fixture.upload("cafe\u{301}", "other")
    #expect(third.isCreated)
    #expect(try await fixture.upload("caf\u{e9}", "hello") == .unchanged(first.file))
    #expect(try await fixture.audit().used == 15)
  }

  @Test func manyUploadsAreAnsweredInTheirOrderAndAppendedTogether() async throws {
    let fixture = try await LedgerFixture(quota: 20)
    let texts = [("a", "one"), ("b", "two"), ("a", "three"), ("b", "two"), ("c", "far too much for it"), ("d", "four")]
    let outcomes = await fixture.ledger.upload(
      texts.map { path, text in
        FileUpload(path: try! FilePath(path), digest: LedgerFixture.digest(text), size: Int64(text.utf8.count))
      }, owner: fixture.owner, actor: fixture.owner, jobClass: .bulk)
    let files = try [0, 1, 2, 3, 5].map { try outcomes[$0].get().file }
    #expect(files.map(\.path) == ["a", "b", "a", "b", "d"])
    #expect(files[3].id == files[1].id, "it was there by then")
    #expect(throws: FileLedgerError.quotaExceeded(limit: 20, used: 11, requested: 19)) { try outcomes[4].get() }
    let audit = try await fixture.audit()
    #expect(audit.liveFiles == ["a": files[2].id, "b": files[1].id, "d": files[4].id])
    #expect(audit.used == 15)
  }

  @Test func otherBytesReplaceTheFileAndKeepItInTheTrash() async throws {
    let fixture = try await LedgerFixture()
    let first = try await fixture.upload("a.txt", "hello").file
    let second = try await fixture.upload("a.txt", "other!").file
    let events = try await fixture.events()
    #expect(events.suffix(3).map(\.type) == ["account.quotaCharged", "file.trashed", "file.uploaded"])
    #expect(
      try events[4].decode(FileTrashed.self)
        == FileTrashed(fileId: first.id, reason: .replaced, replacedBy: second.id))
    let audit = try await fixture.audit()
    #expect(audit.liveFiles == ["a.txt": second.id])
    #expect(audit.used == 11, "what is in the trash stays charged")
  }

  @Test func aTrashedFileLeavesItsPathAndComesBack() async throws {
    let fixture = try await LedgerFixture()
    let file = try await fixture.upload("a.txt").file
    let trashed = try await fixture.ledger.trash(file.id, owner: fixture.owner, actor: fixture.owner)
    #expect(trashed.file.state == .trashed && trashed.file.trashedAt != nil && trashed.position == Position(4))
    #expect(try await fixture.audit().liveFiles.isEmpty)

    let restored = try await fixture.ledger.restore(file.id, owner: fixture.owner, actor: fixture.owner)
    #expect(restored.file.state == .live && restored.file.trashedAt == nil)
    #expect(restored.file == file)
    #expect(try await fixture.audit().liveFiles == ["a.txt": file.id])
    #expect(try await fixture.upload("a.txt") == .unchanged(file))
  }

  @Test func aFileIsNotRestoredOntoAPathThatIsTaken() async throws {
    let fixture = try await LedgerFixture()
    let old = try await fixture.upload("a.txt", "old").file
    let new = try await fixture.upload("a.txt", "new").file
    await #expect(throws: FileLedgerError.pathTaken(by: new.id)) {
      try await fixture.ledger.restore(old.id, owner: fixture.owner, actor: fixture.owner)
    }
    _ = try await fixture.ledger.trash(new.id, owner: fixture.owner, actor: fixture.owner)
    _ = try await fixture.ledger.restore(old.id, owner: fixture.owner, actor: fixture.owner)
    #expect(try await fixture.audit().liveFiles == ["a.txt": old.id])
  }

  @Test func removalGivesTheQuotaBackOnce() async throws {
    let fixture = try await LedgerFixture(quota: 5)
    let file = try await fixture.upload("a.txt", "hello").file
    await #expect(throws: FileLedgerError.quotaExceeded(limit: 5, used: 5, requested: 1)) {
      try await fixture.upload("b.txt", "x")
    }
    let removed = try await fixture.ledger.remove(file.id, owner: fixture.owner, actor: fixture.owner)
    #expect(removed.file.state == .removed)
    #expect(try await fixture.events().suffix(2).map(\.type) == ["account.quotaReleased", "file.removed"])
    await #expect(throws: FileLedgerError.unknownFile) {
      try await fixture.ledger.remove(file.id, owner: fixture.owner, actor: fixture.owner)
    }
    #expect(try await fixture.upload("b.txt", "hello").isCreated)
    #expect(try await fixture.audit().used == 5)
  }

  @Test func commandsThatDoNotFitTheFileAreRefused() async throws {
    let fixture = try await LedgerFixture()
    let file = try await fixture.upload("a.txt").file
    let owner = fixture.owner
    await #expect(throws: FileLedgerError.fileIsLive) {
      try await fixture.ledger.restore(file.id, owner: owner, actor: owner)
    }
    _ = try await fixture.ledger.trash(file.id, owner: owner, actor: owner)
    await #expect(throws: FileLedgerError.fileIsTrashed) {
      try await fixture.ledger.trash(file.id, owner: owner, actor: owner)
    }
    let unknown = UUID.v7()
    await #expect(throws: FileLedgerError.unknownFile) {
      try await fixture.ledger.trash(unknown, owner: owner, actor: owner)
    }
  }

  @Test func filesOfOthersAreUnknown() async throws {
    let fixture = try await LedgerFixture()
    let file = try await fixture.upload("a.txt").file
    let stranger = UUID.v7()
    try await fixture.register(stranger, quota: 100)
    for attempt in [FileLedger.trash, FileLedger.restore, FileLedger.remove] {
      await #expect(throws: FileLedgerError.unknownFile) {
        _ = try await attempt(fixture.ledger)(file.id, stranger, stranger, nil, nil)
      }
    }
    #expect(try await fixture.upload("a.txt", owner: stranger).isCreated, "paths are each owner's own")
    #expect(try await fixture.audit().liveFiles == ["a.txt": file.id])
  }

  @Test func accountsThatAreUnknownOrDisabledCannotUpload() async throws {
    let fixture = try await LedgerFixture()
    let stranger = UUID.v7()
    await #expect(throws: FileLedgerError.unknownAccount) { try await fixture.upload("a.txt", owner: stranger) }
    try await fixture.upload("a.txt", "first")
    try await fixture.append(.disabled(.init(accountId: fixture.owner, reason: "left")))
    await #expect(throws: FileLedgerError.accountDisabled) { try await fixture.upload("b.txt", "x") }
  }

  @Test func whatAnotherServerGaveBackCanBeUsedAtOnce() async throws {
    let fixture = try await LedgerFixture(quota: 5)
    let file = try await fixture.upload("a.txt", "hello").file
    let other = fixture.anotherServer()
    _ = try await other.ledger.remove(file.id, owner: fixture.owner, actor: fixture.owner)
    #expect(try await fixture.upload("b.txt", "hello").isCreated, "a refusal is checked against the log first")
  }

  @Test func aQuotaThatWasRaisedOrLoweredHoldsFromTheNextUpload() async throws {
    let fixture = try await LedgerFixture(quota: 5)
    try await fixture.upload("a.txt", "hello")
    try await fixture.append(.quotaSet(.init(accountId: fixture.owner, quotaBytes: 7)))
    try await fixture.upload("b.txt", "xx")
    try await fixture.append(.quotaSet(.init(accountId: fixture.owner, quotaBytes: 3)))
    await #expect(throws: FileLedgerError.quotaExceeded(limit: 3, used: 7, requested: 1)) {
      try await fixture.upload("c.txt", "x")
    }
  }

  @Test func aReadModelThatLagsChangesNoAnswer() async throws {
    let fixture = try await LedgerFixture()
    fixture.index.hold(at: .start)
    let first = try await fixture.upload("a.txt", "one").file
    #expect(try await fixture.upload("a.txt", "one") == .unchanged(first))
    let second = try await fixture.upload("a.txt", "two").file
    let other = fixture.anotherServer()
    other.index.hold(at: Position(3))
    #expect(try await fixture.upload("a.txt", "two", on: other.ledger) == .unchanged(second))
    await #expect(throws: FileLedgerError.pathTaken(by: second.id)) {
      try await other.ledger.restore(first.id, owner: fixture.owner, actor: fixture.owner)
    }
    _ = try await other.ledger.trash(second.id, owner: fixture.owner, actor: fixture.owner)
    _ = try await other.ledger.restore(first.id, owner: fixture.owner, actor: fixture.owner)
    #expect(try await fixture.upload("a.txt", "one") == .unchanged(first))
    fixture.index.hold(at: nil)
    #expect(try await fixture.upload("a.txt", "one") == .unchanged(first))
    _ = try await fixture.audit()
  }

  @Test(arguments: [("text/plain; charset=utf-8", true), ("", false), ("a\0b", false), ("a\r\nX: y", false)])
  func aContentTypeThatCannotBeOneIsLeftOut(contentType: String, isKept: Bool) async throws {
    let fixture = try await LedgerFixture()
    let outcome = try await fixture.ledger.upload(
      owner: fixture.owner, actor: fixture.owner, path: FilePath("a"), digest: LedgerFixture.digest("a"), size: 1,
      contentType: contentType, jobClass: .bulk)
    #expect(outcome.file.contentType == (isKept ? contentType : nil))
  }

  @Test func ownersThatWereDroppedFromMemoryAreLoadedAgain() async throws {
    let fixture = try await LedgerFixture()
    let small = FileLedger(log: fixture.log, index: fixture.index, ownerLimit: 1)
    let stranger = UUID.v7()
    try await fixture.register(stranger, quota: 10)
    for number in 0..<5 {
      #expect(try await fixture.upload("\(number)", "\(number)", on: small).isCreated)
      #expect(try await fixture.upload("\(number)", "\(number)", on: small, owner: stranger).isCreated)
    }
    #expect(try await fixture.audit().used == 5)
  }
}
