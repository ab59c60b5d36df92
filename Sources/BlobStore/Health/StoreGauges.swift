// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Logging
import Metrics
public import ServiceLifecycle

/// Shows the state of the bytes as gauges. Every process that runs it shows the same figures.
public struct StoreGauges: Service {
  private let health: StoreHealth
  private let interval: Duration
  private let logger: Logger

  private let damaged = Gauge(label: "onefold_blob_damaged_contents")
  private let scrubbed = Gauge(label: "onefold_blob_scrub_bytes")
  private let finished = Gauge(label: "onefold_blob_scrub_finished_timestamp_seconds")

  public init(health: StoreHealth, interval: Duration = .seconds(10), logger: Logger) {
    self.health = health
    self.interval = interval
    self.logger = logger
  }

  /// Runs until graceful shutdown. What cannot be read is left as it was.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          let pass = try await self.health.pass()
          self.damaged.record(try await self.health.damagedCount())
          self.scrubbed.record(pass.bytes)
          self.finished.record(pass.finishedAt?.timeIntervalSince1970 ?? 0)
        } catch {
          self.logger.debug("The state of the store cannot be looked at", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: self.interval)
      }
    }
  }
}
