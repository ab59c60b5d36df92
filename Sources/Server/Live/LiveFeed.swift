// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Follows the log, as far as the tables that are read have followed it, and tells each owner's clients.
///
/// The frontier is the least checkpoint of the read projections: an event is shown once every table shows its effect. Clients keep
/// only a place (see ``LiveTail``) and are woken; nothing is queued for them.
final class LiveFeed: Service {
  struct Source: Sendable {
    let log: any EventLog
    /// Waits until the frontier is past a position, or the time is up, and gives the frontier.
    let frontier: @Sendable (_ past: Position, _ timeout: Duration) async throws -> Position
  }

  struct Limits: Sendable {
    var tailEvents = 1000
    var pageEvents = 500
    /// Between two looks at the frontier while events stream in: many small steps become a few larger ones.
    var coalescing = Duration.milliseconds(20)
    /// Between two looks when nothing tells of a change.
    var poll = Duration.seconds(1)
  }

  private struct Follower {
    let owner: UUID
    let isAdmin: Bool
    let wake: AsyncStream<Void>.Continuation
  }

  private struct State {
    var frontier = Position.start
    var tails: [UUID: LiveTail] = [:]
    var followers: [UUID: Follower] = [:]
    /// The last word on each subject, for administrators.
    var notices: [String: Notice] = [:]
    var lastNotice = 0
  }

  /// What administrators are told beside events. A newer one on the same subject takes its place.
  struct Notice: Equatable, Sendable {
    let number: Int
    let text: String
  }

  private let source: Source
  private let limits: Limits
  private let logger: Logger
  private let state = Mutex(State())
  private let connections = Gauge(label: "onefold_live_connections")

  init(source: Source, limits: Limits = Limits(), logger: Logger) {
    self.source = source
    self.limits = limits
    self.logger = logger
    connections.record(0)
  }

  /// Runs until graceful shutdown or cancellation. Trouble with the log or the projections is logged and tried again.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          try await self.follow()
        } catch  where !Task.isCancelled {
          self.logger.warning("the live feed could not advance", metadata: ["error": "\(error)"])
          try? await Task.sleep(for: self.limits.poll)
        } catch {
          return
        }
      }
    }
  }

  private func follow() async throws {
    let (frontier, isAlone) = state.withLock { ($0.frontier, $0.followers.isEmpty) }
    if isAlone {
      // Nobody listens: a look now and then is enough for a first client to find a frontier that is nearly true.
      try await Task.sleep(for: limits.poll)
      try await advance(to: source.frontier(frontier, .zero))
    } else {
      try await advance(to: source.frontier(frontier, limits.poll))
      try await Task.sleep(for: limits.coalescing)
    }
  }

  /// Shows everything up to a position. Positions only grow.
  func advance(to reached: Position) async throws {
    while let from = next(before: reached) {
      let page = try await source.log.page(after: from, limit: limits.pageEvents, filter: .all)
      let events = page.events.prefix { $0.position <= reached }
      publish(events, through: max(from, min(reached, page.through)))
    }
  }

  /// A client's place in the feed; ended by ``end(_:)``.
  struct Subscription {
    let id: UUID
    let owner: UUID
    let isAdmin: Bool
    /// How far the feed was when the subscription began: everything later will be announced.
    let start: Position
    /// A value when there may be something to read. Announcements that were not taken are one.
    let wake: AsyncStream<Void>
    let wakeUp: AsyncStream<Void>.Continuation
  }

  /// - Parameter isAdmin: it is told of notices, too.
  func subscribe(owner: UUID, isAdmin: Bool = false) -> Subscription {
    let (wake, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = UUID()
    let (start, count) = state.withLock { state in
      if state.tails[owner] == nil {
        state.tails[owner] = LiveTail(after: state.frontier, capacity: limits.tailEvents)
      }
      state.followers[id] = Follower(owner: owner, isAdmin: isAdmin, wake: continuation)
      return (state.frontier, state.followers.count)
    }
    connections.record(count)
    return Subscription(
      id: id, owner: owner, isAdmin: isAdmin, start: start, wake: wake, wakeUp: continuation)
  }

  func end(_ subscription: Subscription) {
    let count = state.withLock { state in
      state.followers[subscription.id] = nil
      if !state.followers.values.contains(where: { $0.owner == subscription.owner }) {
        state.tails[subscription.owner] = nil
      }
      return state.followers.count
    }
    subscription.wakeUp.finish()
    connections.record(count)
  }

  /// How many clients follow.
  var count: Int { state.withLock { $0.followers.count } }

  /// A step of an owner's events.
  struct Step: Equatable {
    var events: [LiveEvent]
    /// Every event of the owner up to and including this position has now been given.
    var through: Position
  }

  /// The next events of an owner after a position, at most a page; none when the client is up to date. From memory, or from the log
  /// for a client that is far behind.
  func step(owner: UUID, after position: Position) async throws -> Step {
    let (frontier, recent) = state.withLock { state in
      (state.frontier, state.tails[owner]?.events(after: position, limit: limits.pageEvents))
    }
    guard position < frontier else { return Step(events: [], through: position) }
    if let recent {
      let isAll = recent.count < limits.pageEvents
      return Step(events: Array(recent), through: isAll ? frontier : recent.last?.position ?? frontier)
    }
    let page = try await source.log.page(after: position, limit: limits.pageEvents, filter: .owner(owner))
    let events = page.events.filter { $0.position <= frontier }
    return Step(events: events.map(LiveEvent.init), through: max(position, min(frontier, page.through)))
  }

  var hasAdmins: Bool { state.withLock { $0.followers.values.contains(where: \.isAdmin) } }

  /// Tells administrators something that is no event.
  func announce(_ text: String, about subject: String) {
    let woken = state.withLock { state in
      state.lastNotice += 1
      state.notices[subject] = Notice(number: state.lastNotice, text: text)
      return state.followers.values.filter(\.isAdmin).map(\.wake)
    }
    for wake in woken { wake.yield() }
  }

  /// In their order; empty for whoever is no administrator.
  func notices(for subscription: Subscription, after number: Int) -> [Notice] {
    guard subscription.isAdmin else { return [] }
    return state.withLock { $0.notices.values.filter { $0.number > number } }.sorted { $0.number < $1.number }
  }

  /// The end of the log, for a client that claims to have seen more than there is.
  func head() async throws -> Position { try await source.log.head() }

  /// Where to read on; nil when there is nothing to do. Without clients no event is read at all.
  private func next(before reached: Position) -> Position? {
    state.withLock { state in
      guard state.frontier < reached else { return nil }
      guard !state.tails.isEmpty else {
        state.frontier = reached
        return nil
      }
      return state.frontier
    }
  }

  private func publish(_ events: some Sequence<RecordedEvent>, through position: Position) {
    let woken = state.withLock { state in
      var owners: Set<UUID> = []
      for event in events {
        guard let owner = event.owner, state.tails[owner] != nil else { continue }
        state.tails[owner]?.append(LiveEvent(event))
        owners.insert(owner)
      }
      state.frontier = position
      return state.followers.values.filter { owners.contains($0.owner) }.map(\.wake)
    }
    for wake in woken { wake.yield() }
  }
}
