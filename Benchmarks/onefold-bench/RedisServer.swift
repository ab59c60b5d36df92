// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import LocalServices
import Logging

/// A private Redis as `onefold up` runs it, for as long as standard input stays open. Prints its URL when it is ready.
struct RedisServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "redis", abstract: "Run a private Redis until standard input ends.")

  @Option(help: "Where its file is kept.") var dataDir: String

  func run() async throws {
    let home = try ServiceHome(dataDirectory: URL(filePath: dataDir))
    let server = LocalRedis(home: home, logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() }))
    let child = try await server.start()
    // Not print, which would keep the line until the process ends.
    try FileHandle.standardOutput.write(contentsOf: Data("\(server.url)\n".utf8))
    while readLine() != nil {}
    await server.stop(child)
  }
}
