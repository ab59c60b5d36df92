// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Redis

extension ProjectionRunner {
  enum Outcome {
    case moved
    /// The checkpoint is locked, or not where this runner thought: another one holds the lead, or a rebuild replaces the tables.
    case overtaken
    /// An event cannot be folded; the checkpoint stands before it and says why.
    case stopped
  }

  /// Folds a page, or finds the event that makes it fail.
  ///
  /// - Throws: errors that say nothing about the events.
  func foldPatiently(_ page: EventPage, from position: Position) async throws -> Outcome {
    for attempt in 1...max(1, options.attempts) {
      do {
        return try await fold(page, from: position) ? .moved : .overtaken
      } catch let error as FoldError {
        logger.warning(
          "A projection failed at a batch",
          metadata: ["after": "\(position)", "attempt": "\(attempt)", "error": "\(error)"])
        if attempt < options.attempts {
          try await Task.sleep(for: options.backoff.ceiling(afterFailures: attempt))
        }
      }
    }
    return try await foldSingly(page, from: position)
  }

  /// Everything before the event that fails is folded, and it is named.
  private func foldSingly(_ page: EventPage, from position: Position) async throws -> Outcome {
    var position = position
    for event in page.events {
      let step = EventPage(events: [event], through: event.position, isLast: false)
      do {
        guard try await fold(step, from: position) else { return .overtaken }
        position = event.position
      } catch let error as FoldError {
        // What lies between is not for this projection.
        let before = Position(event.position.rawValue - 1)
        if before > position {
          guard try await fold(EventPage(events: [], through: before, isLast: false), from: position) else {
            return .overtaken
          }
        }
        try await stop(at: before, "At position \(event.position), \(event.type) \(event.id.text): \(error)")
        return .stopped
      }
    }
    let rest = EventPage(events: [], through: page.through, isLast: page.isLast)
    return try await fold(rest, from: position) ? .moved : .overtaken
  }

  func stop(at position: Position, _ reason: String) async throws {
    _ = try await pool.execute(Checkpoint.stop(projection.name, at: position, error: reason))
    metrics.isStopped(true)
    logger.error("A projection has stopped", metadata: ["after": "\(position)", "reason": "\(reason)"])
  }

  /// One transaction: the lock, the events, the checkpoint. False, and nothing done, when the checkpoint was locked or elsewhere.
  private func fold(_ page: EventPage, from position: Position) async throws -> Bool {
    let name = projection.name
    let projection = projection
    let hasMoved = try await pool.transaction(FoldTransaction.options) { connection in
      let rows = try await connection.pipeline([FoldTransaction.prepare(schema: name), Checkpoint.tryLock(name)])
      guard let row = rows[1].first else { return false }
      let checkpoint = try Checkpoint(row)
      guard checkpoint.position == position, checkpoint.version == projection.version, checkpoint.error == nil else {
        return false
      }
      try await projection.fold(page.events, on: connection)
      _ = try await connection.execute(Checkpoint.move(name, to: page.through))
      return true
    }
    if hasMoved { await tell(page) }
    return hasMoved
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
}

/// The Redis stream that tells servers how far projections have come.
enum LiveStream {
  static let name = "live"
  /// Who was away for longer asks the database.
  static let length = 10_000
}
