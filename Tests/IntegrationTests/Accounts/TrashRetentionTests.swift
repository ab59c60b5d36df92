// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import Projections
import TestSupport
import Testing

@testable import Accounts

/// What goes from the trash by itself, and what must not.
struct TrashRetentionTests {
  private static let day: TimeInterval = 86_400

  private func upload(_ count: Int, _ ledger: FileLedger, _ owner: UUID) async throws -> [StoredFile] {
    var files: [StoredFile] = []
    for number in 0..<count {
      let outcome = try await ledger.upload(
        owner: owner, actor: owner, path: FilePath("\(number).txt"),
        digest: Digest(bytes: Array(repeating: UInt8(number), count: 32)),
        size: 100, contentType: nil, jobClass: .bulk)
      switch outcome {
      case .created(let file, _), .unchanged(let file): files.append(file)
      }
    }
    return files
  }

  private func waitForReadTables(_ fixture: AccountsFixture) async throws {
    try await ProjectionPositions(pool: fixture.pool).wait(
      for: ProjectionCatalog.names, toReach: fixture.log.head(), timeout: .seconds(60))
  }

  @Test func removesWhatIsDueGivesBackItsQuotaAndNamesNobody() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.following {
        let ada = try await fixture.register().id
        let ledger = fixture.ledger()
        let files = try await upload(5, ledger, ada)
        try await waitForReadTables(fixture)
        for file in files.prefix(3) { _ = try await ledger.trash(file.id, owner: ada, actor: ada) }
        try await waitForReadTables(fixture)
        let retention = TrashRetention(pool: fixture.pool, ledger: fixture.ledger(), retention: .seconds(30 * Self.day))
        #expect(try await retention.apply() == .init())
        let outcome = try await retention.apply(now: Date(timeIntervalSinceNow: 31 * Self.day))
        #expect((outcome.files, outcome.bytes) == (3, 300))
        try await waitForReadTables(fixture)
        #expect(try await retention.apply(now: Date(timeIntervalSinceNow: 31 * Self.day)) == .init())
        let removed = try await fixture.events().filter { $0.type == FileRemoved.eventType }
        #expect(removed.count == 3 && removed.allSatisfy { $0.actor == nil && $0.owner == ada })
        let used = try await fixture.pool.query("SELECT used_bytes FROM quota.account WHERE owner = \(ada)").decode(
          Int64.self)
        #expect(used == [200])
      }
    }
  }

  /// The read table still shows the file in the trash, from where its owner has taken it: the log has the last word.
  @Test func whatWasRestoredMeanwhileStays() async throws {
    try await AccountsFixture.with { fixture in
      let ada = try await fixture.register().id
      let ledger = fixture.ledger()
      let files = try await fixture.following {
        let files = try await upload(2, ledger, ada)
        try await waitForReadTables(fixture)
        for file in files { _ = try await ledger.trash(file.id, owner: ada, actor: ada) }
        try await waitForReadTables(fixture)
        return files
      }
      // Nobody folds from here on.
      _ = try await ledger.restore(files[0].id, owner: ada, actor: ada)
      let outcome = try await TrashRetention(pool: fixture.pool, ledger: fixture.ledger(), retention: .zero).apply()
      #expect((outcome.files, outcome.bytes) == (1, 100))
      let removed = try await fixture.events().filter { $0.type == FileRemoved.eventType }
      #expect(try removed.map { try $0.decode(FileRemoved.self).fileId } == [files[1].id])
    }
  }

  @Test func theForecastSaysHowMuchGoesWhen() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.following {
        let ada = try await fixture.register().id
        let ledger = fixture.ledger()
        let files = try await upload(3, ledger, ada)
        try await waitForReadTables(fixture)
        for file in files { _ = try await ledger.trash(file.id, owner: ada, actor: ada) }
        _ = try await fixture.signIn()
        try await waitForReadTables(fixture)
        func forecast(trash: Duration?) async throws -> [RetentionForecast.Kind: RetentionForecast] {
          let policy = RetentionForecast.Policy(
            trash: trash, reclaimGrace: .seconds(3600), jobs: nil, answers: .seconds(Self.day),
            replacedTables: .seconds(Self.day))
          let all = try await RetentionForecast.read(policy, in: fixture.pool)
          #expect(all.map(\.kind) == RetentionForecast.Kind.allCases)
          return Dictionary(uniqueKeysWithValues: all.map { ($0.kind, $0) })
        }
        let week = try await forecast(trash: .seconds(3 * Self.day))[.trash]
        #expect(week?.withinDay == .init(items: 0, bytes: 0) && week?.withinWeek == .init(items: 3, bytes: 300))
        #expect(try await forecast(trash: .zero)[.trash]?.now == .init(items: 3, bytes: 300))
        let never = try await forecast(trash: nil)[.trash]
        #expect(never?.withinMonth == .init(items: 0, bytes: 0) && never?.all == .init(items: 3, bytes: 300))
        #expect(try await forecast(trash: nil)[.sessions]?.all.items == 1)
      }
    }
  }
}
