// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import Redis

/// What a Redis stream can do by itself: XADD, XREADGROUP, XACK and XDEL in batches over one connection, and nothing else.
struct StreamBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream", abstract: "Entries a second through a stream and its consumer group.")

  @Option(help: "A Redis for this alone.") var redisURL: String
  @Option(help: "Entries at a time.") var batch = 128
  @Option(help: "How long, in seconds.") var seconds = 2.0

  func run() async throws {
    let quiet = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let redis = try await RedisConnection.connect(RedisConfiguration(url: redisURL), logger: quiet)
    try await redis.xgroupCreate("floor", group: "g")
    let deadline = ContinuousClock.now + .seconds(seconds)
    let rate = try await Rate.measure {
      var count = 0
      while ContinuousClock.now < deadline {
        let adds = (0..<batch).map { _ in
          [RedisArgument].xadd("floor", fields: ["position": "1000000", "kind": "probe", "tenant": "t", "cost": "1"])
        }
        for reply in try await redis.pipeline(adds) { _ = try reply.get() }
        let entries = try await redis.xreadGroup("g", consumer: "c", streams: ["floor"], count: batch)[0].entries
        let ids = entries.map(\.id)
        _ = try await redis.pipeline([.xack("floor", group: "g", ids: ids), .xdel("floor", ids: ids)])
        count += entries.count
      }
      return count
    }
    _ = try await redis.command(["DEL", "floor"])
    await redis.close()
    rate.report()
  }
}
