// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Synchronization

/// A log in memory that counts its calls, and lets a test put its hand between an append and the answer.
final class ProbedLog: EventLog {
  typealias Answer = Result<AppendResult, any Error>

  /// Stands for a connection that broke after the commit.
  struct AnswerLost: Error {}

  private struct State {
    var calls = 0
    var answersLost = 0
    var afterAppend: @Sendable (Answer) -> Answer = { $0 }
  }

  private let base = MemoryEventLog()
  private let state = Mutex(State())

  var calls: Int { state.withLock { $0.calls } }
  var answersLost: Int { state.withLock { $0.answersLost } }

  /// From now on, every answer passes through `change`.
  func afterAppend(_ change: @escaping @Sendable (Answer) -> Answer) { state.withLock { $0.afterAppend = change } }

  func append(_ appends: [StreamAppend]) async throws -> AppendResult {
    let result = await Result.of { try await base.append(appends) }
    return try state.withLock { state in
      state.calls += 1
      let answer = state.afterAppend(result)
      if case .failure(let error) = answer, error is AnswerLost { state.answersLost += 1 }
      return answer
    }.get()
  }

  func page(after position: Position, limit: Int, filter: EventFilter) async throws -> EventPage {
    try await base.page(after: position, limit: limit, filter: filter)
  }

  func read(stream: StreamName, after version: Int64, limit: Int) async throws -> [RecordedEvent] {
    try await base.read(stream: stream, after: version, limit: limit)
  }

  func events(at positions: [Position]) async throws -> [RecordedEvent] { try await base.events(at: positions) }

  func lastEvents(of streams: [StreamName]) async throws -> [StreamName: RecordedEvent] {
    try await base.lastEvents(of: streams)
  }

  func wait(past position: Position, timeout: Duration) async { await base.wait(past: position, timeout: timeout) }

  func head() async throws -> Position { try await base.head() }

  func subscribe(after position: Position, filter: EventFilter) -> EventSubscription {
    base.subscribe(after: position, filter: filter)
  }
}
