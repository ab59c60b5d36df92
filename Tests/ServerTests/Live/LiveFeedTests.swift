// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Testing

@testable import Server

struct LiveFeedTests {
  private let log = MemoryEventLog()
  private let anna = UUID.v7()
  private let ben = UUID.v7()

  private func feed(tail: Int = 1000, page: Int = 500) -> LiveFeed {
    LiveFeed(
      source: .init(log: log, frontier: { [log] _, _ in try await log.head() }),
      limits: .init(tailEvents: tail, pageEvents: page), logger: Logger(label: "test"))
  }

  /// Appends an event of each owner, in order.
  private func append(_ owners: UUID?...) async throws {
    for owner in owners {
      let event = FileRestored(fileId: .v7())
      _ = try await log.append(
        to: StreamName(category: "file", id: event.fileId), expected: .noStream,
        [NewEvent(event, owner: owner, actor: nil, correlationId: nil, causationId: nil)])
    }
  }

  private func everything(_ feed: LiveFeed, _ owner: UUID, after start: Position) async throws -> [Int64] {
    var positions: [Int64] = []
    var cursor = start
    while true {
      let step = try await feed.step(owner: owner, after: cursor)
      positions += step.events.map(\.position.rawValue)
      guard step.through > cursor else { return positions }
      cursor = step.through
    }
  }

  @Test func showsAnOwnerTheirOwnEventsOnly() async throws {
    let feed = feed()
    let subscription = feed.subscribe(owner: anna)
    try await append(anna, ben, nil, anna)
    try await feed.advance(to: Position(4))
    #expect(try await everything(feed, anna, after: subscription.start) == [1, 4])
  }

  @Test func showsNothingPastTheFrontier() async throws {
    let feed = feed()
    let subscription = feed.subscribe(owner: anna)
    try await append(anna, anna, anna)
    try await feed.advance(to: Position(2))
    #expect(try await everything(feed, anna, after: subscription.start) == [1, 2])
    try await feed.advance(to: Position(3))
    #expect(try await everything(feed, anna, after: Position(2)) == [3])
  }

  @Test func resumesFromTheLog() async throws {
    let feed = feed()
    try await append(anna, ben, anna, anna, ben)
    try await feed.advance(to: Position(5))
    let subscription = feed.subscribe(owner: anna)
    #expect(subscription.start == Position(5))
    #expect(try await everything(feed, anna, after: Position(1)) == [3, 4])
  }

  @Test(arguments: [1, 2, 7])
  func goesFromHistoryToTheTailWithoutASeam(page: Int) async throws {
    let feed = feed(tail: 3, page: page)
    try await append(anna, anna, ben, anna)
    try await feed.advance(to: Position(4))
    let subscription = feed.subscribe(owner: anna)
    defer { feed.end(subscription) }
    try await append(anna, ben, anna, anna, anna, anna)
    try await feed.advance(to: Position(10))
    #expect(try await everything(feed, anna, after: .start) == [1, 2, 4, 5, 7, 8, 9, 10])
    #expect(try await everything(feed, anna, after: Position(7)) == [8, 9, 10])
  }

  @Test func wakesOnlyThoseWhoAreConcerned() async throws {
    let feed = feed()
    let annas = feed.subscribe(owner: anna)
    let bens = feed.subscribe(owner: ben)
    try await append(anna)
    try await feed.advance(to: Position(1))
    feed.end(annas)
    feed.end(bens)
    var woken: [String] = []
    for await _ in annas.wake { woken.append("anna") }
    for await _ in bens.wake { woken.append("ben") }
    #expect(woken == ["anna"])
  }

  @Test func keepsNothingForOwnersWithoutClients() async throws {
    let feed = feed()
    feed.end(feed.subscribe(owner: anna))
    try await append(anna, anna)
    try await feed.advance(to: Position(2))
    // From the log: the tail went with its last client.
    #expect(try await everything(feed, anna, after: .start) == [1, 2])
  }

  @Test func noticesGoToAdministratorsAndTheLastWordOnASubjectCounts() async throws {
    let feed = feed()
    #expect(!feed.hasAdmins)
    let annas = feed.subscribe(owner: anna)
    let admins = feed.subscribe(owner: ben, isAdmin: true)
    #expect(feed.hasAdmins)
    for (text, subject) in [("1", "files"), ("2", "jobs"), ("3", "files")] { feed.announce(text, about: subject) }
    let notices = feed.notices(for: admins, after: 0)
    #expect(notices.map(\.text) == ["2", "3"])
    let last = notices.last?.number ?? 0
    #expect(feed.notices(for: admins, after: last).isEmpty)
    #expect(feed.notices(for: annas, after: 0).isEmpty)
    feed.end(annas)
    feed.end(admins)
    var woken: [String] = []
    for await _ in annas.wake { woken.append("anna") }
    for await _ in admins.wake { woken.append("admin") }
    #expect(woken == ["admin"])
  }

  @Test func aClientAheadOfTheFrontierWaits() async throws {
    let feed = feed()
    try await append(anna)
    #expect(try await feed.step(owner: anna, after: Position(9)) == .init(events: [], through: Position(9)))
  }
}
