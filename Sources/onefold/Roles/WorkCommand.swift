// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Telemetry

/// `onefold work`: runs jobs.
struct WorkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "work",
    abstract: "Run jobs. Start as many as there is work for, on any machine that shares the blobs.",
    discussion: """
      EXAMPLES
        DATABASE_URL=… REDIS_URL=… ONEFOLD_BLOBS_DIR=/srv/blobs onefold work
        onefold work --concurrency 4 --class interactive    (with the same environment) leaves bulk work to others
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var worker: WorkOptions
  @OptionGroup var operations: OperationsOptions

  func run() async throws {
    let role = try await Role("work", common.settings(worker.flags + operations.flags))
    let blobs = try await role.settings.openBlobs(role.connections)
    role.metrics.watchDisk(of: role.settings.blobsDirectory.path)
    try await role.run(role.connections.workers(role.settings, blobs: blobs))
  }
}
