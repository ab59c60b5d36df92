// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Projections
import TestSupport
import Testing

/// The ledger on the real log and the real read models, which follow it while it works.
struct FileLedgerOnPostgresTests {
  @Test func aHundredParallelUploadsFillTheQuotaToTheByte() async throws {
    try await AccountsFixture.with(quota: 1000) { fixture in
      let owner = try await fixture.register().id
      try await fixture.following([FilesProjection(), QuotaProjection()]) {
        let ledger = fixture.ledger()
        let accepted = await withTaskGroup(of: Bool.self) { group in
          for number in 0..<100 {
            group.addTask { (try? await ledger.upload(owner, "\(number)", "\(number)", size: 100)) != nil }
          }
          return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(accepted == 10)
        let audit = try OwnerAudit(of: owner, try await fixture.events())
        #expect(audit.violations.isEmpty && audit.used == 1000)
      }
    }
  }

  @Test func theAnswersAreWhatTheReadModelWillShow() async throws {
    try await AccountsFixture.with { fixture in
      let owner = try await fixture.register().id
      try await fixture.following([FilesProjection(), QuotaProjection()]) {
        let ledger = fixture.ledger()
        let files = FileViews(pool: fixture.pool)
        let outcome = try await ledger.upload(owner, "a/b.txt", "one")
        guard case .created(let created, let position) = outcome else { return #expect(Bool(false), "\(outcome)") }
        try await fixture.projected(position)
        let shown = try await #require(files.file(created.id, owner: owner))
        #expect(shown.position == created.position && shown.path == created.path && shown.digest == created.digest)
        #expect(shown.size == created.size && shown.contentType == created.contentType && shown.state == .live)
        #expect(abs(shown.uploadedAt.timeIntervalSince(created.uploadedAt)) < 0.000_01)

        let trashed = try await ledger.trash(created.id, owner: owner, actor: owner)
        try await fixture.projected(trashed.position)
        let gone = try await #require(files.file(created.id, owner: owner))
        #expect(gone.state == .trashed)
        #expect(abs(try #require(gone.trashedAt).timeIntervalSince(try #require(trashed.file.trashedAt))) < 0.000_01)
      }
    }
  }

  @Test func aServerThatStartsKnowsWhatHasBeen() async throws {
    try await AccountsFixture.with { fixture in
      let owner = try await fixture.register().id
      let first = try await fixture.ledger().upload(owner, "a", "one", key: "k")
      // Without read models, which have not begun to follow.
      #expect(try await fixture.ledger().upload(owner, "a", "one") == .unchanged(first.file))
      #expect(try await fixture.ledger().upload(owner, "a", "one", key: "k") == first)
      try await fixture.following([FilesProjection(), QuotaProjection()]) {
        try await fixture.projected(try await fixture.log.head())
        #expect(try await fixture.ledger().upload(owner, "a", "one") == .unchanged(first.file))
        #expect(try await fixture.ledger().upload(owner, "a", "one", key: "k") == first)
      }
    }
  }

  /// Two servers, one owner: random commands, lost paths and keys, with the read models following.
  @Test(arguments: 0..<3)
  func twoServersKeepThePromises(round: Int) async throws {
    var random = SeededGenerator.printed("FileLedgerOnPostgresTests.twoServersKeepThePromises(\(round))")
    try await AccountsFixture.with(quota: 400) { fixture in
      let owner = try await fixture.register().id
      let servers = [fixture.ledger(), fixture.ledger()]
      let scripts = (0..<6).map { (ledger: servers[$0 % 2], seed: random.next()) }
      try await fixture.following([FilesProjection(), QuotaProjection()]) {
        let refusals = await withTaskGroup(of: [any Error].self) { group in
          for script in scripts { group.addTask { await Self.play(script.seed, on: script.ledger, owner) } }
          return await group.reduce(into: []) { $0 += $1 }
        }
        for refusal in refusals { #expect(refusal is FileLedgerError, "\(refusal)") }
        #expect(!refusals.contains { $0 as? FileLedgerError == .contended })
        let audit = try OwnerAudit(of: owner, try await fixture.events())
        #expect(audit.violations.isEmpty)
        #expect(audit.uploads > 20)

        try await fixture.projected(try await fixture.log.head())
        let live = try await FileViews(pool: fixture.pool).list(owner: owner, limit: 500).items
        #expect(Dictionary(uniqueKeysWithValues: live.map { ($0.path, $0.id) }) == audit.liveFiles)
        #expect(try await QuotaViews(pool: fixture.pool).account(owner)?.usedBytes == audit.used)
      }
    }
  }

  private static func play(_ seed: UInt64, on ledger: FileLedger, _ owner: UUID) async -> [any Error] {
    var random = SeededGenerator(seed: seed)
    var known: [UUID] = []
    var refusals: [any Error] = []
    for _ in 0..<30 {
      let choice = Int.random(in: 0..<10, using: &random)
      let path = "path \(Int.random(in: 0..<5, using: &random))"
      let text = "text \(Int.random(in: 0..<4, using: &random))"
      let key = Bool.random(using: &random) ? "key \(Int.random(in: 0..<40, using: &random)) \(path) \(text)" : nil
      let file = known.randomElement(using: &random) ?? UUID.v7()
      do {
        switch choice {
        case 0..<5: known.append(try await ledger.upload(owner, path, text, size: 9, key: key).file.id)
        case 5: _ = try await ledger.trash(file, owner: owner, actor: owner)
        case 6, 7: _ = try await ledger.restore(file, owner: owner, actor: owner)
        default: _ = try await ledger.remove(file, owner: owner, actor: owner)
        }
      } catch {
        refusals.append(error)
      }
    }
    return refusals
  }
}

extension AccountsFixture {
  fileprivate func projected(_ position: Position) async throws {
    try await ProjectionPositions(pool: pool).wait(for: ["files", "quota"], toReach: position, timeout: .seconds(60))
  }
}

extension FileLedger {
  fileprivate func upload(
    _ owner: UUID, _ path: String, _ text: String, size: Int64 = 3, key: String? = nil
  ) async throws -> UploadOutcome {
    var bytes = Array(text.utf8)
    bytes += Array(repeating: 0, count: 32 - bytes.count)
    return try await upload(
      owner: owner, actor: owner, path: FilePath(path), digest: Digest(bytes: bytes), size: size,
      contentType: "text/plain", jobClass: .bulk, idempotencyKey: key)
  }
}

extension UploadOutcome {
  fileprivate var file: StoredFile {
    switch self {
    case .created(let file, _), .unchanged(let file): file
    }
  }
}
