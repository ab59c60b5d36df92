// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `onefold relay`: turns events into jobs.
struct RelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Turn events into jobs in Redis. One leads, any number stand by.",
    discussion: """
      EXAMPLES
        DATABASE_URL=… REDIS_URL=… onefold relay --metrics-port 9464
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var operations: OperationsOptions

  func run() async throws {
    let role = try await Role("relay", common.settings(operations.flags))
    try await role.run(role.connections.relay(role.settings))
  }
}
