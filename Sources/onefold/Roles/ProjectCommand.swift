// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `onefold project`: keeps the read tables.
struct ProjectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "project",
    abstract: "Fold the log into the read tables. One folds each, any number stand by.",
    discussion: """
      Rebuilds that administrators ask for in the dashboard or over the API are done here as well.
      Where a seal key is configured, the log is sealed here as well: this role faces no user, so the key is safest here.

      EXAMPLES
        DATABASE_URL=… REDIS_URL=… onefold project --metrics-port 9464
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var project: ProjectOptions
  @OptionGroup var seals: SealOptions
  @OptionGroup var operations: OperationsOptions

  func run() async throws {
    let role = try await Role("project", common.settings(project.flags + seals.flags + operations.flags))
    try await role.run(role.connections.projections(role.settings) + role.connections.sealer(role.settings))
  }
}
