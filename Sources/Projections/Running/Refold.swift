// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Logging
public import Postgres

/// Folds the log into live tables up to a position, where nobody else does: in an installation that was just restored.
///
/// What runs a projection otherwise does the same, and goes on from here; but it knows no end.
public struct Refold: Sendable {
  /// Of one transaction: more than a runner takes, because nobody waits for each.
  private static let pageSize = 20_000

  private let runner: ProjectionRunner

  public init(_ projection: any Projection, pool: PostgresPool, log: any EventLog, logger: Logger) {
    runner = ProjectionRunner(projection, pool: pool, log: log, logger: logger)
  }

  public var name: String { runner.projection.name }

  /// An event that cannot be folded is parked, as a runner would.
  ///
  /// - Parameter end: nothing after it is folded.
  /// - Throws: ``RebuildError/alreadyRunning(projection:)`` when somebody else folds, too.
  public func run(
    through end: Position, progress: @Sendable (Position) -> Void = { _ in }
  ) async throws {
    var position = try await runner.checkpoint().position
    while position < end {
      try Task.checkCancellation()
      var page = try await runner.log.page(
        after: position, limit: Self.pageSize, filter: runner.projection.filter)
      if page.through > end {
        page = EventPage(events: page.events.filter { $0.position <= end }, through: end, isLast: true)
      }
      guard case .moved = try await runner.foldPatiently(page, from: position) else {
        throw RebuildError.alreadyRunning(projection: name)
      }
      position = page.through
      progress(position)
    }
  }
}
