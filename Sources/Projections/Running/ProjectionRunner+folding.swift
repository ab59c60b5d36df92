// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Redis
import Telemetry
import Tracing

extension ProjectionRunner {
  enum Outcome {
    case moved
    /// The checkpoint is locked, or not where this runner thought: another one holds the lead, or a rebuild replaces the tables.
    case overtaken
    /// An event cannot be folded; the checkpoint stands before it and says why.
    case stopped
  }

  /// Folds a page; when it fails, its parts, until the event that makes it fail is alone.
  ///
  /// - Throws: errors that say nothing about the events.
  func foldPatiently(_ page: EventPage, from position: Position) async throws -> Outcome {
    do {
      return try await fold(page, from: position) ? .moved : .overtaken
    } catch let error as FoldError {
      if page.events.count == 1 { return try await retry(page, from: position, after: error) }
      var position = position
      for part in page.split(at: error.position) {
        let outcome = try await foldPatiently(part, from: position)
        guard case .moved = outcome else { return outcome }
        position = part.through
      }
      return .moved
    }
  }

  /// A page of one event that has failed once. One that cannot be read is not read better at the next try.
  private func retry(_ page: EventPage, from position: Position, after first: FoldError) async throws -> Outcome {
    var (failure, failures) = (first, 1)
    while failure.position == nil, failures < options.attempts {
      try await Task.sleep(for: options.backoff.ceiling(afterFailures: failures))
      do {
        return try await fold(page, from: position) ? .moved : .overtaken
      } catch let error as FoldError {
        failure = error
        failures += 1
      }
    }
    let parked = ParkedEvent(page.events[0], in: projection, error: failure, attempts: failures)
    return try await giveUp(parked, page, from: position)
  }

  private func giveUp(_ event: ParkedEvent, _ page: EventPage, from position: Position) async throws -> Outcome {
    var reason = "At position \(event.position), \(event.type) \(event.eventId.text): \(event.error)"
    if options.onPoison == .park {
      switch try await park(event, through: page.through, from: position) {
      case .moved?: return .moved
      case .overtaken?: return .overtaken
      default: reason += " (\(PoisonPolicy.limit) events are parked already: does this program fit the log?)"
      }
    }
    // What lies between is not for this projection.
    let before = Position(event.position.rawValue - 1)
    if before > position {
      guard try await fold(EventPage(events: [], through: before, isLast: false), from: position) else {
        return .overtaken
      }
    }
    try await stop(at: before, reason)
    return .stopped
  }

  /// Passes the event by. Nil, and nothing done, when there are too many already.
  private func park(_ event: ParkedEvent, through: Position, from position: Position) async throws -> Outcome? {
    let name = projection.name
    guard try await ParkedEvents(pool: pool).counts()[name] ?? 0 < PoisonPolicy.limit else { return nil }
    let hasMoved = try await move(through, from: position) { connection, checkpoint in
      _ = try await connection.execute(ParkedEvents.Statements.park([event], generation: checkpoint.generation))
    }
    guard hasMoved else { return .overtaken }
    logger.error(
      "An event was parked",
      metadata: [
        "position": "\(event.position)", "type": "\(event.type)", "id": "\(event.eventId.text)",
        "error": "\(event.error)",
      ])
    await tell(EventPage(events: [], through: through, isLast: false))
    await measureParked()
    return .moved
  }

  func stop(at position: Position, _ reason: String) async throws {
    _ = try await pool.execute(Checkpoint.stop(projection.name, at: position, error: reason))
    metrics.isStopped(true)
    logger.error("A projection has stopped", metadata: ["after": "\(position)", "reason": "\(reason)"])
  }

  /// False, and nothing done, when the checkpoint was locked or elsewhere.
  private func fold(_ page: EventPage, from position: Position) async throws -> Bool {
    let projection = projection
    let start = EventSpans.now
    let hasMoved = try await move(page.through, from: position) { connection, _ in
      try await projection.fold(page.events, on: connection)
    }
    if hasMoved {
      trace(page.events, since: start)
      await tell(page)
      if page.events.contains(where: { EventCatalog.versions[$0.type] == nil }) { await measureParked() }
    }
    return hasMoved
  }

  private func trace(_ events: [RecordedEvent], since start: EventSpans.Time) {
    guard Traces.areRecorded else { return }
    for event in events {
      EventSpans.record(
        "fold \(projection.name)", following: event, kind: .consumer, since: start,
        attributes: ["onefold.projection": .string(projection.name), "onefold.batch.size": .int64(Int64(events.count))])
    }
  }

  /// One transaction: the lock, what `body` writes, the checkpoint.
  private func move(
    _ end: Position, from position: Position,
    _ body: @Sendable (PostgresConnection, Checkpoint) async throws -> Void
  ) async throws -> Bool {
    let (name, version) = (projection.name, projection.version)
    return try await pool.transaction(FoldTransaction.options) { connection in
      let rows = try await connection.pipeline([FoldTransaction.prepare(schema: name), Checkpoint.tryLock(name)])
      guard let row = rows[1].first else { return false }
      let checkpoint = try Checkpoint(row)
      guard checkpoint.position == position, checkpoint.version == version, checkpoint.error == nil else {
        return false
      }
      try await body(connection, checkpoint)
      _ = try await connection.execute(Checkpoint.move(name, to: end))
      return true
    }
  }

  /// Those who wait, those who watch, and the metrics. Nothing here can undo what was committed, so nothing here fails it.
  private func tell(_ page: EventPage) async {
    positions?.advance(projection.name, to: page.through)
    if let redis {
      do {
        _ = try await redis.xadd(
          LiveStream.name,
          fields: ["projection": .string(projection.name), "position": .string("\(page.through)")],
          maxLength: LiveStream.length)
      } catch {
        logger.debug("Redis was not told of a projection's move", metadata: ["error": "\(error)"])
      }
    }
    do {
      if !page.events.isEmpty { try await projection.didCommit(in: pool) }
      let head = page.isLast ? page.through : try await log.head()
      metrics.moved(to: page.through, head: head, at: page.events.last?.recordedAt ?? Date())
    } catch {
      logger.debug("A projection moved, and could not be measured", metadata: ["error": "\(error)"])
    }
  }

  func measureParked() async {
    do {
      metrics.parked(try await ParkedEvents(pool: pool).counts()[projection.name] ?? 0)
    } catch {
      logger.debug("Parked events could not be counted", metadata: ["error": "\(error)"])
    }
  }
}

/// The Redis stream that tells servers how far projections have come.
enum LiveStream {
  static let name = "live"
  /// Who was away for longer asks the database.
  static let length = 10_000
}
