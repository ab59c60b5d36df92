// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import EventStore
import Foundation
import Postgres
import Testing

@testable import Projections
import TestSupport

/// However a history is cut into batches, the tables come out as the model says.
struct FoldingTests {
  /// Fixed seeds, so that a failure comes back, and one that is new in every run.
  static let seeds: [UInt64] = [1, 2, 3, 14_057_829_342_092_836_594, .random(in: 0...UInt64.max)]

  @Test(arguments: seeds)
  func batchesDoNotChangeTheTables(seed: UInt64) async throws {
    let events = try await GeneratedHistory(seed: seed, steps: 150, erasing: true).recorded()
    let model = try ProjectionModel(events).rows
    try await withPool { pool in
      for projection in ProjectionCatalog.all {
        let wanted = events.filter { projection.wants($0) }
        var random = SeededGenerator(seed: seed)

        try await fold(wanted, sizes: { 1 }, projection, into: projection.name, pool)
        let single = try await ReadTables.rows(of: projection, pool)
        #expect(difference(of: single, and: model) == [], "one event at a time, seed \(seed)")

        for longest in [7, 60, wanted.count] {
          _ = try await pool.query(Rebuild.Statements.begin(projection.name))
          let next = "\(projection.name)_next"
          try await fold(wanted, sizes: { .random(in: 1...longest, using: &random) }, projection, into: next, pool)
          let batched = try await ReadTables.rows(of: projection, in: next, pool)
          #expect(difference(of: batched, and: single) == [], "batches of up to \(longest), seed \(seed)")
        }
      }
    }
  }

  @Test(arguments: seeds)
  func groupsOfSimilarContentsAreFullAtTheirLimit(seed: UInt64) async throws {
    let events = try await GeneratedHistory(seed: seed, steps: 400, erasing: true).recorded()
    let similarity = SimilarityProjection(groupLimit: 3)
    let wanted = events.filter { similarity.wants($0) }
    let model = try ProjectionModel(events).similarityRows(groupLimit: 3)
    var random = SeededGenerator(seed: seed)
    try await withPool { pool in
      for longest in [1, 9, wanted.count] {
        _ = try await pool.query(Rebuild.Statements.begin(SimilarityProjection.name))
        try await fold(
          wanted, sizes: { .random(in: 1...longest, using: &random) }, similarity, into: "similarity_next", pool)
        let rows = try await ReadTables.rows(of: similarity, in: "similarity_next", pool)
        #expect(difference(of: rows, and: model) == [], "batches of up to \(longest), seed \(seed)")
      }
    }
  }

  @Test(arguments: seeds)
  func loadingInBulkGivesTheSameTables(seed: UInt64) async throws {
    let events = try await GeneratedHistory(seed: seed, steps: 150, erasing: true).recorded()
    let model = try ProjectionModel(events).rows
    var loaded = 0
    try await withPool { pool in
      for case let projection as any BulkLoading in ProjectionCatalog.all {
        loaded += 1
        let wanted = events.filter { projection.wants($0) }
        var random = SeededGenerator(seed: seed)
        for longest in [1, 7, 60, wanted.count] {
          try await load(wanted, sizes: { .random(in: 1...longest, using: &random) }, projection, pool)
          let rows = try await ReadTables.rows(of: projection, in: "\(projection.name)_next", pool)
          #expect(difference(of: rows, and: model) == [], "batches of up to \(longest), seed \(seed)")
        }
      }
    }
    #expect(loaded > 2)
  }

  /// Two modules that do not know each other say the same number.
  @Test func whoeverSaidNothingOfBytesGetsWhatIsFound() {
    #expect(LikenessThresholds.leastBytes == SketchAlgorithm.bytes.leastSimilarity)
  }

  /// What is read of people whose keys are destroyed: the same events, with empty texts.
  @Test func whatWasForgottenMakesNoDifference() async throws {
    var erasures = 0
    for seed in UInt64(200)..<206 {
      let history = GeneratedHistory(seed: seed, steps: 150, erasing: true)
      erasures += history.erased.count
      let events = try await history.recorded()
      let forgotten = try events.map { event in
        var event = event
        guard let owner = event.owner, history.erased.contains(owner) else { return event }
        switch event.type {
        case FileUploaded.eventType:
          var file = try event.decode(FileUploaded.self)
          file.path = ""
          event.payload = try CanonicalJSON.encode(file)
        case AccountRegistered.eventType:
          var account = try event.decode(AccountRegistered.self)
          account.email = ""
          event.payload = try CanonicalJSON.encode(account)
        default: break
        }
        return event
      }
      let model = try ProjectionModel(events).rows
      try await withPool { pool in
        for projection in ProjectionCatalog.all {
          let wanted = forgotten.filter(projection.wants)
          try await fold(wanted, sizes: { 40 }, projection, into: projection.name, pool)
          let rows = try await ReadTables.rows(of: projection, pool)
          #expect(difference(of: rows, and: model) == [], "seed \(seed)")
        }
      }
    }
    #expect(erasures > 3)
  }

  @Test func everyTableWithAnOwnerForgetsOwners() async throws {
    try await withPool { pool in
      for projection in ProjectionCatalog.all {
        let name = "blueprint_\(projection.name)"
        let owned: Query = """
          SELECT table_name::text FROM information_schema.columns
          WHERE table_schema = \(name) AND column_name = 'owner'
          """
        let tables = try await pool.query(owned).map { try $0.decode(0, as: String.self) }
        #expect(Set(tables) == Set(type(of: projection).ownerTables.map { "\($0)" }), "\(projection.name)")
      }
    }
  }

  @Test func aFileThatComesAndGoesInOneBatchLeavesNothingButItsTrace() async throws {
    // Of 40 histories folded whole, some hold a file that was uploaded, trashed, restored, trashed and removed.
    for seed in UInt64(100)..<140 {
      let history = GeneratedHistory(seed: seed, steps: 60)
      let events = try await history.recorded()
      let removed = events.filter { $0.type == "file.removed" }
      guard removed.contains(where: { event in events.count { $0.stream == event.stream } >= 4 }) else { continue }
      let model = try ProjectionModel(events).rows
      try await withPool { pool in
        for projection in ProjectionCatalog.all {
          let wanted = events.filter { projection.wants($0) }
          try await fold(wanted, sizes: { wanted.count }, projection, into: projection.name, pool)
          let rows = try await ReadTables.rows(of: projection, pool)
          #expect(difference(of: rows, and: model) == [], "seed \(seed)")
        }
      }
      return
    }
    Issue.record("no generated history holds such a file")
  }

  private func load(
    _ events: [RecordedEvent], sizes: () -> Int, _ projection: any BulkLoading, _ pool: PostgresPool
  ) async throws {
    let prepare = FoldTransaction.prepare(schema: "\(projection.name)_next")
    try await pool.withConnection { connection in
      _ = try await connection.query(Rebuild.Statements.begin(projection.name, constrained: false))
      _ = try await connection.pipeline(type(of: projection).beginLoading)
      var rest = events[...]
      while !rest.isEmpty {
        let batch = Array(rest.prefix(sizes()))
        rest = rest.dropFirst(batch.count)
        try await connection.transaction { connection in
          _ = try await connection.query(prepare)
          try await projection.loadWhole(batch, on: connection)
        }
      }
      try await connection.transaction { connection in
        _ = try await connection.query(prepare)
        try await projection.mergeWhole(on: connection)
      }
      _ = try await connection.query(Rebuild.Statements.constrain(projection.name))
      try await connection.script("DISCARD TEMP")
    }
  }

  private func fold(
    _ events: [RecordedEvent], sizes: () -> Int, _ projection: any Projection, into schema: String, _ pool: PostgresPool
  ) async throws {
    var rest = events[...]
    while !rest.isEmpty {
      let batch = Array(rest.prefix(sizes()))
      rest = rest.dropFirst(batch.count)
      try await pool.transaction(FoldTransaction.options) { connection in
        _ = try await connection.query(FoldTransaction.prepare(schema: schema))
        try await projection.fold(batch, on: connection)
      }
    }
  }
}
