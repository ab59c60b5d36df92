// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Projections

/// Every version of every event that was ever written is read, brought up to date and folded.
struct GoldenFoldTests {
  struct Golden {
    var type: String
    var version: Int
    var payload: [UInt8]
  }

  static func files() throws -> [Golden] {
    let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures/events")
    return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).map { file in
      let parts = file.deletingPathExtension().lastPathComponent.components(separatedBy: ".v")
      return Golden(
        type: parts[0], version: try #require(Int(parts.last ?? "")), payload: [UInt8](try Data(contentsOf: file)))
    }
  }

  @Test func everyVersionIsFoldedByWhoeverWantsIt() async throws {
    let start = ContinuousClock.now
    let files = try Self.files()
    #expect(files.count >= EventCatalog.all.count)
    // A round for each version: the events of one round tell one story, of which no event may be told twice.
    for round in 1...(files.map(\.version).max() ?? 1) {
      let story = Dictionary(grouping: files, by: \.type).compactMap { _, versions in
        versions.filter { $0.version <= round }.max { $0.version < $1.version }
      }
      let owner = UUID.v7()
      try await withEventLog { log, pool in
        for golden in story.sorted(by: Self.happensBefore) {
          _ = try await log.append(
            to: StreamName(category: String(golden.type.prefix { $0 != "." }), id: .v7()), expected: .noStream,
            [NewEvent(type: golden.type, schemaVersion: golden.version, payload: golden.payload, owner: owner)])
        }
        for event in try await log.read(after: .start, limit: .max) {
          #expect(EventCatalog.versions[event.type]?.contains(event.schemaVersion) == true)
          try decode(event)
        }
        let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
        try await running(runners.map { runner in { try await runner.run() } }) {
          try await ProjectionPositions(pool: pool)
            .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
        }
        #expect(try await ParkedEvents(pool: pool).list().items == [])
        // Not passed over: the file's rows are those that its events leave.
        // That of the upload, and one that no upload causes.
        #expect(try await rows("SELECT count(*) FROM jobs.job", pool) == 2)
        #expect(try await rows("SELECT count(*) FROM jobs.attempt", pool) == 2)
        #expect(try await rows("SELECT count(*) FROM jobs.control", pool) == 3)
        #expect(try await rows("SELECT count(*) FROM quota.account", pool) == 1)
        #expect(try await rows("SELECT count(*) FROM duplicates.duplicate_group", pool) == 1)
        #expect(try await rows("SELECT count(*) FROM savings.content", pool) == 1)
        #expect(try await rows("SELECT count(*) FROM files.file", pool) == 0)
      }
    }
    Trials.held(
      20, "\(files.count) events, every version of each type", since: start,
      "decoded, brought up to date, folded \(files.count)")
  }

  private static func happensBefore(_ left: Golden, _ right: Golden) -> Bool {
    func rank(_ golden: Golden) -> Int {
      switch golden.type {
      // Of nobody yet, so that what the others leave is there to be counted.
      case AccountErased.eventType: -1
      case AccountRegistered.eventType: 0
      case FileUploaded.eventType, JobQueued.eventType: 1
      case FileRemoved.eventType: 3
      default: 2
      }
    }
    return (rank(left), left.type) < (rank(right), right.type)
  }

  private func decode(_ event: RecordedEvent) throws {
    func read<Event: DomainEvent>(_: Event.Type) throws { _ = try event.decode(Event.self) }
    let type = try #require(EventCatalog.all.first { $0.eventType == event.type })
    try read(type)
  }

  private func rows(_ query: Query, _ pool: PostgresPool) async throws -> Int64? {
    try await pool.query(query).first?.decode(0)
  }
}
