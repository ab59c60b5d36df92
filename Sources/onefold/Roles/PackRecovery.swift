// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Logging
import ServiceLifecycle

/// Takes packs into the index of chunks that it does not know, once at the start: after a backup was restored there are some.
///
/// The hourly sweep does the same, of packs that have some age. Here nobody need wait: whoever writes a pack at this moment finds it known.
struct PackRecovery: Service {
  private static let interval = Duration.seconds(5)

  let blobs: any BlobStore
  let reclaimer: Reclaimer
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          let found = try await blobs.findPacks(olderThan: .zero)
          try await reclaimer.offer(found)
          if !found.isEmpty {
            logger.notice("Found contents that were not known", metadata: ["count": "\(found.count)"])
          }
          break
        } catch {
          logger.warning("Looking for unknown packs failed and is tried again", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: Self.interval)
      }
    }
    try? await gracefulShutdown()
  }
}
