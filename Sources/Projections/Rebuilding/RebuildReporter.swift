// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import Synchronization

/// Carries the progress of rebuilds to whoever started them, at once, and to the board, now and then. The board also takes it as a sign of
/// life; that it cannot be reached fails no rebuild.
final class RebuildReporter: Sendable {
  private static let interval = Duration.milliseconds(500)

  private let board: RebuildBoard
  private let options: Rebuild.Options
  private let logger: Logger
  private let progress: @Sendable (RebuildProgress) -> Void
  private let underWay = Mutex<[String: RebuildProgress]>([:])

  init(
    board: RebuildBoard, options: Rebuild.Options, logger: Logger,
    progress: @escaping @Sendable (RebuildProgress) -> Void
  ) {
    self.board = board
    self.options = options
    self.logger = logger
    self.progress = progress
  }

  func began(_ projection: String) async throws {
    try await board.began(projection, isRequested: options.isRequested)
  }

  func moved(_ step: RebuildProgress) {
    underWay.withLock { $0[step.projection] = step }
    progress(step)
  }

  /// Until cancelled.
  func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.interval)
      let steps = underWay.withLock { Array($0.values) }
      guard !steps.isEmpty, !Task.isCancelled else { continue }
      do {
        try await board.moved(steps)
      } catch {
        logger.debug("The progress of rebuilds could not be written", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Also when the task is cancelled: what was asked for is then asked for again.
  func ended(_ projection: String, _ result: Result<RebuildReport, any Error>) async {
    underWay.withLock { $0[projection] = nil }
    let isCancelled = Task.isCancelled
    // Not a child: it escapes the cancellation that it reports.
    let writing = Task { [board, options] in
      switch result {
      case .success(let report): try await board.done(report)
      // Another one runs, and its progress stands on the board.
      case .failure(RebuildError.alreadyRunning): break
      case .failure where isCancelled && options.isRequested: try await board.askedAgain(projection)
      case .failure(let error): try await board.failed(projection, error: "\(error)")
      }
    }
    if case .failure(let error) = await writing.result {
      logger.warning("The end of a rebuild could not be written", metadata: ["error": "\(error)"])
    }
  }
}
