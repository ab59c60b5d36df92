// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Logging
import Postgres

/// Appends to a stream of its own until the ledger has enough, and sends again whatever it was not told the outcome of.
struct FeedWriter {
  static let categories = ["trial", "trialother"]
  static let owner = UUID(uuid: (1, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1))

  private let log: PostgresEventLog
  private let ledger: FeedLedger
  private let category: String
  private let stream: StreamName
  private let owner: UUID?
  private var random: FeedRandom
  private var version: Int64 = 0
  private var transactions: FeedTransactions?

  /// - Parameter transactions: what it appends in; nil to append through the log.
  init(number: Int, log: PostgresEventLog, ledger: FeedLedger, seed: UInt64, transactions: FeedTransactions?) {
    self.log = log
    self.ledger = ledger
    self.transactions = transactions
    category = Self.categories[number % 2]
    stream = StreamName(category: category, id: "writer\(number)")
    owner = number % 4 < 2 ? Self.owner : nil
    random = FeedRandom(seed: seed &+ UInt64(number) &* 0x9e37_79b9)
  }

  /// The event after which nothing comes. Every reader wants it.
  static func end(_ id: UUID) -> StreamAppend {
    StreamAppend(
      stream: StreamName(category: categories[1], id: "end"), expected: .any,
      events: [
        NewEvent(
          id: id, type: "\(categories[1]).rare", schemaVersion: 1, payload: Array("{}".utf8), owner: owner)
      ])
  }

  mutating func run() async throws {
    while ledger.isOpen {
      try await Task.sleep(for: random.pause())
      let append = nextAppend()
      guard let result = try await transactions == nil ? send(append) : transact(append) else {
        ledger.rollBack()
        continue
      }
      version = result.versions[stream] ?? version
      ledger.acknowledge(result, append.events.map(\.id))
    }
    await transactions?.close()
  }

  private mutating func nextAppend() -> StreamAppend {
    let count = Int.random(in: 1...(transactions == nil ? 20 : 200), using: &random)
    let events = (0..<count).map { _ in
      let isRare = Int.random(in: 0..<16, using: &random) == 0
      return NewEvent(
        type: "\(category).\(isRare ? "rare" : "common")", schemaVersion: 1, payload: Array(#"{"n":1}"#.utf8),
        owner: owner)
    }
    // One half takes the way of those who know the version, the other that of those who do not.
    let expected = Bool.random(using: &random) ? ExpectedVersion.exactly(version) : .any
    return StreamAppend(stream: stream, expected: expected, events: events)
  }

  private func send(_ append: StreamAppend) async throws -> AppendResult? {
    let log = log
    return try await Patience.persist { try await log.append([append]) }
  }

  /// Nil when it was rolled back.
  private mutating func transact(_ append: StreamAppend) async throws -> AppendResult? {
    let pause = random.pause()
    let isKept = Int.random(in: 0..<8, using: &random) > 0
    return try await transactions?.append(append, to: log, pause: pause, isKept: isKept)
  }
}

/// A connection of a writer's own, opened again when it was lost.
struct FeedTransactions {
  private struct RolledBack: Error {}

  private let database: PostgresConfiguration
  private let logger: Logger
  private var connection: PostgresConnection?

  init(database: PostgresConfiguration, logger: Logger) {
    self.database = database
    self.logger = logger
  }

  /// Appends inside a transaction which waits before its end. Nil when that is to be a rollback.
  mutating func append(
    _ append: StreamAppend, to log: PostgresEventLog, pause: Duration, isKept: Bool
  ) async throws -> AppendResult? {
    do {
      let result = try await Patience.persist {
        try await connected().transaction { connection in
          let result = try await log.append([append], in: connection)
          try await Task.sleep(for: pause)
          guard isKept else { throw RolledBack() }
          return result
        }
      }
      log.wakeUp.announce(result.last)
      return result
    } catch is RolledBack {
      return nil
    }
  }

  func close() async { await connection?.close() }

  private mutating func connected() async throws -> PostgresConnection {
    if let connection, connection.isUsable { return connection }
    let fresh = try await PostgresConnection.connect(database, logger: logger)
    connection = fresh
    return fresh
  }
}
