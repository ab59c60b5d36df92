// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import TestSupport
import Testing

struct ConcurrentUploadTests {
  @Test func ofAHundredParallelUploadsExactlyTheTenThatFitAreAccepted() async throws {
    let fixture = try await LedgerFixture(quota: 1000)
    let outcomes = await withTaskGroup(of: Result<UploadOutcome, any Error>.self) { group in
      for number in 0..<100 {
        group.addTask { await Result.of { try await fixture.upload("\(number)", "\(number)", size: 100) } }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.count { (try? $0.get())?.isCreated == true } == 10)
    for case .failure(let error) in outcomes {
      #expect(error as? FileLedgerError == .quotaExceeded(limit: 1000, used: 1000, requested: 100))
    }
    let audit = try await fixture.audit()
    #expect(audit.used == 1000 && audit.uploads == 10)
  }

  @Test func ofParallelUploadsToOnePathTheLastOneIsLive() async throws {
    let fixture = try await LedgerFixture()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<50 { group.addTask { try await fixture.upload("same", "content \(number % 7)") } }
      try await group.waitForAll()
    }
    let audit = try await fixture.audit()
    #expect(audit.liveFiles.count == 1)
  }

  @Test func whatArrivesDuringAnAppendGoesIntoTheNextTogether() async throws {
    let log = ProbedLog()
    let fixture = try await LedgerFixture(log: log)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<500 { group.addTask { try await fixture.upload("\(number)", "\(number)") } }
      try await group.waitForAll()
    }
    #expect(log.calls < 250)
    #expect(try await fixture.audit().uploads == 500)
  }

  /// Two servers, one owner, one log: random commands with every kind of collision.
  @Test(arguments: 0..<8)
  func twoServersKeepThePromises(round: Int) async throws {
    var random = SeededGenerator.printed("twoServersKeepThePromises(\(round))")
    let fixture = try await LedgerFixture(quota: 300)
    let other = fixture.anotherServer()
    if Bool.random(using: &random) { other.index.hold(at: Position(.random(in: 0...20, using: &random))) }
    let scripts = (0..<6).map { number in
      (ledger: number.isMultiple(of: 2) ? fixture.ledger : other.ledger, seed: random.next())
    }
    let refusals = await withTaskGroup(of: [any Error].self) { group in
      for script in scripts {
        group.addTask { await Self.play(script.seed, on: script.ledger, fixture) }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    for refusal in refusals { #expect(refusal is FileLedgerError, "\(refusal)") }
    #expect(!refusals.contains { $0 as? FileLedgerError == .contended })
    let audit = try await fixture.audit()
    #expect(audit.uploads > 20 && audit.used == audit.sizes.values.reduce(0, +))
  }

  private static func play(_ seed: UInt64, on ledger: FileLedger, _ fixture: LedgerFixture) async -> [any Error] {
    var random = SeededGenerator(seed: seed)
    var known: [UUID] = []
    var refusals: [any Error] = []
    let owner = fixture.owner
    for _ in 0..<40 {
      let choice = Int.random(in: 0..<10, using: &random)
      let path = "path \(Int.random(in: 0..<5, using: &random))"
      let text = "text \(Int.random(in: 0..<4, using: &random))"
      let key = Bool.random(using: &random) ? "key \(Int.random(in: 0..<50, using: &random)) \(path) \(text)" : nil
      let size = Int64(text.utf8.count + 3)
      let file = known.randomElement(using: &random) ?? UUID.v7()
      do {
        switch choice {
        case 0..<5: known.append(try await fixture.upload(path, text, size: size, key: key, on: ledger).file.id)
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

extension Result where Failure == any Error {
  static func of(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
