// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Logging
import Server
import ServiceLifecycle

/// Removes what nobody can need any more: uploads that were never finished, sessions that have run out, answers that
/// nobody asked for again.
struct Housekeeping: Service {
  /// Longer than any upload may take.
  static let stagedAge = Duration.seconds(24 * 3600)
  static let interval = Duration.seconds(3600)

  let blobs: any BlobStore
  let sessions: Sessions
  let answers: KeptAnswers
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.runOnce()
        try? await Task.sleep(for: Self.interval)
      }
    }
  }

  private func runOnce() async {
    do {
      let staged = try await blobs.sweepStaged(olderThan: Self.stagedAge)
      let sessions = try await sessions.sweep()
      let answers = try await answers.sweep()
      if staged + sessions + answers > 0 {
        logger.info(
          "Swept", metadata: ["stagedBlobs": "\(staged)", "sessions": "\(sessions)", "keptAnswers": "\(answers)"])
      }
    } catch {
      logger.warning("Sweeping failed and is tried again in an hour", metadata: ["error": "\(error)"])
    }
  }
}
