// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DedupEngine

/// SHA-256 of 1 MiB buffers, as they come from a socket: one hasher, many updates.
struct HashBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "sha256", abstract: "Bytes hashed a second.")

  @Option(help: "How long to hash, in seconds.") var seconds = 2.0

  func run() async throws {
    let buffer = [UInt8](repeating: 0x5a, count: 1 << 20)
    var hasher = SHA256Hasher()
    hasher.update(buffer.span.bytes)
    let deadline = ContinuousClock.now + .seconds(seconds)
    let rate = try await Rate.measure {
      var bytes = 0
      while ContinuousClock.now < deadline {
        hasher.update(buffer.span.bytes)
        bytes += buffer.count
      }
      return bytes
    }
    rate.report()
  }
}
