// SPDX-License-Identifier: Apache-2.0

@testable import Accounts
import Domain
import EventStore
import Foundation
import Synchronization
import TestSupport
import Testing

struct IdempotentUploadTests {
  @Test func aRepetitionIsAnsweredAsTheFirstTime() async throws {
    let fixture = try await LedgerFixture()
    let first = try await fixture.upload("a.txt", key: "k")
    #expect(try await fixture.upload("a.txt", key: "k") == first)
    #expect(try await fixture.upload("a.txt", key: "k", on: fixture.anotherServer().ledger) == first)
    #expect(try await fixture.events().count == 3)
  }

  @Test func theFirstAnswerStaysWhateverBecameOfTheFile() async throws {
    let fixture = try await LedgerFixture()
    let owner = fixture.owner
    let first = try await fixture.upload("a.txt", "one", key: "k")
    let second = try await fixture.upload("a.txt", "two").file
    #expect(try await fixture.upload("a.txt", "one", key: "k") == first, "replaced")
    _ = try await fixture.ledger.remove(first.file.id, owner: owner, actor: owner)
    #expect(try await fixture.upload("a.txt", "one", key: "k") == first, "removed")
    _ = try await fixture.ledger.trash(second.id, owner: owner, actor: owner)
    #expect(try await fixture.upload("a.txt", "one", key: "k") == first, "removed, and the path is free")
    let audit = try await fixture.audit()
    #expect(audit.uploads == 2 && audit.liveFiles.isEmpty)
  }

  @Test func aRepetitionIsAcceptedWhenTheQuotaIsFull() async throws {
    let fixture = try await LedgerFixture(quota: 5)
    let first = try await fixture.upload("a.txt", "hello", key: "k")
    _ = try await fixture.ledger.trash(first.file.id, owner: fixture.owner, actor: fixture.owner)
    #expect(try await fixture.upload("a.txt", "hello", key: "k") == first)
    #expect(try await fixture.audit().uploads == 1)
  }

  @Test func aRepetitionHasRoomWhenTheQuotaIsFull() async throws {
    let fixture = try await LedgerFixture(quota: 5)
    try await fixture.upload("a.txt", "hello", key: "k")
    let (ledger, owner) = (fixture.anotherServer().ledger, fixture.owner)
    #expect(try await ledger.room(owner: owner, for: 5, idempotencyKey: "k") == 5)
    #expect(try await ledger.room(owner: owner, for: nil, idempotencyKey: "k") == 5, "of unknown length")
    #expect(try await ledger.room(owner: owner, for: nil, idempotencyKey: "other") == 0)
    let full = FileLedgerError.quotaExceeded(limit: 5, used: 5, requested: 5)
    await #expect(throws: full) { try await ledger.room(owner: owner, for: 5, idempotencyKey: "other") }
    await #expect(throws: full) { try await ledger.room(owner: owner, for: 5) }
  }

  @Test func aKeyIsForOneUpload() async throws {
    let fixture = try await LedgerFixture()
    try await fixture.upload("a.txt", "one", key: "k")
    await #expect(throws: FileLedgerError.idempotencyKeyReused) { try await fixture.upload("a.txt", "two", key: "k") }
    await #expect(throws: FileLedgerError.idempotencyKeyReused) { try await fixture.upload("b.txt", "one", key: "k") }
    #expect(try await fixture.audit().uploads == 1)
  }

  @Test func theSameKeyOfTwoOwnersIsTwoUploads() async throws {
    let fixture = try await LedgerFixture()
    let stranger = UUID.v7()
    try await fixture.register(stranger, quota: 100)
    let mine = try await fixture.upload("a.txt", key: "k").file
    let theirs = try await fixture.upload("a.txt", key: "k", owner: stranger).file
    #expect(mine.id != theirs.id)
  }

  @Test func identifiersFollowFromOwnerAndKey() {
    let owner = UUID.v7(), stranger = UUID.v7()
    let identity = UploadIdentity(RequestKey(account: owner, text: "k"))
    #expect(identity == UploadIdentity(RequestKey(account: owner, text: "k")))
    #expect(identity.fileId != UploadIdentity(RequestKey(account: stranger, text: "k")).fileId)
    #expect(identity.fileId != UploadIdentity(RequestKey(account: owner, text: "K")).fileId)
    #expect(Set([identity.fileId, identity.charged, identity.uploaded, identity.trashed]).count == 4)
    let key = UUID.v7()
    #expect(
      UploadIdentity(RequestKey(account: owner, text: key.text)).fileId.timestampMilliseconds
        == key.timestampMilliseconds)
    #expect(identity.fileId.timestampMilliseconds == owner.timestampMilliseconds)
  }

  /// Each append goes through, and the first answer and half of the others are lost; the client asks again under the same key.
  @Test func uploadsWhoseAnswersAreLostHappenOnce() async throws {
    var random = SeededGenerator.printed()
    let log = ProbedLog()
    let fixture = try await LedgerFixture(quota: 60, log: log)
    let coin = Mutex((generator: SeededGenerator(seed: random.next()), isFirst: true))
    log.afterAppend { answer in
      let isLost = coin.withLock { coin in
        defer { coin.isFirst = false }
        return coin.isFirst || Bool.random(using: &coin.generator)
      }
      return isLost ? .failure(ProbedLog.AnswerLost()) : answer
    }

    let outcomes = await withTaskGroup(of: Result<UploadOutcome, any Error>.self) { group in
      for number in 0..<100 {
        group.addTask {
          while true {
            do {
              return .success(try await fixture.upload("\(number)", "\(number)", size: 1, key: "key \(number)"))
            } catch is ProbedLog.AnswerLost {
              continue
            } catch {
              return .failure(error)
            }
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let created = outcomes.compactMap { try? $0.get() }
    #expect(created.count == 60 && created.allSatisfy(\.isCreated))
    #expect(log.answersLost > 0)
    let audit = try await fixture.audit()
    #expect(audit.uploads == 60 && audit.used == 60)
    #expect(Set(created.map(\.file.id)) == Set(audit.sizes.keys))
  }
}
