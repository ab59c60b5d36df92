// SPDX-License-Identifier: Apache-2.0

import Logging
import Projections
import ServiceLifecycle

/// Tells administrators' live connections how far rebuilds are. It looks at the board while one of them listens, and only then.
struct RebuildFeed: Service {
  let board: RebuildBoard
  let feed: LiveFeed
  var interval = Duration.milliseconds(500)
  let logger: Logger

  /// Runs until graceful shutdown or cancellation.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      var known: [String: RebuildStatus] = [:]
      while !Task.isCancelled {
        try? await Task.sleep(for: interval)
        guard feed.hasAdmins else { continue }
        do {
          for status in try await board.all() where known.updateValue(status, forKey: status.projection) != status {
            feed.announce(LiveMessage.rebuildProgress(status), about: status.projection)
          }
        } catch {
          logger.debug("The progress of rebuilds could not be read", metadata: ["error": "\(error)"])
        }
      }
    }
  }
}
