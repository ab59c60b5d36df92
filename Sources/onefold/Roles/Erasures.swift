// SPDX-License-Identifier: Apache-2.0

import Accounts
import Logging
import ServiceLifecycle

/// Finishes erasures that were cut off.
struct Erasures: Service {
  private static let interval = Duration.seconds(30)

  let eraser: Eraser
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          _ = try await self.eraser.resume()
        } catch {
          self.logger.warning("Erasing failed and is tried again", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: Self.interval)
      }
    }
  }
}
