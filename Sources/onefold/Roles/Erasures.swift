// SPDX-License-Identifier: Apache-2.0

import Accounts
import Logging
import ServiceLifecycle

/// Finishes erasures that were cut off, and removes bytes that no file has any more once their grace is over.
struct Erasures: Service {
  let eraser: Eraser
  let reclaimer: Reclaimer
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.runOnce()
        try? await Task.sleep(for: self.interval)
      }
    }
  }

  /// So that bytes go soon after their grace, whatever it is; a look that finds nothing is two small queries.
  private var interval: Duration { min(max(reclaimer.grace, .seconds(1)), .seconds(30)) }

  private func runOnce() async {
    do {
      _ = try await eraser.resume()
      let outcome = try await reclaimer.pass()
      if !outcome.isNothing {
        logger.info(
          "Reclaimed",
          metadata: [
            "contents": "\(outcome.removed)", "bytes": "\(outcome.removedBytes)", "restored": "\(outcome.restored)",
          ])
      }
    } catch {
      logger.warning("Erasing failed and is tried again", metadata: ["error": "\(error)"])
    }
  }
}
