// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Measures one module at a time. Each command prints one number; `Benchmarks/run` sets it beside its limit.
@main
struct OnefoldBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onefold-bench", abstract: "Measure one module of Onefold; `make bench` runs them all.",
    subcommands: [
      HashBench.self, ChunkBench.self, SketchBench.self, PictureBench.self, SimilarityBench.self, BlobsBench.self,
      AppendBench.self,
      ReadBench.self, LeavesBench.self, HistoryBench.self, ReplayBench.self, LagBench.self, JobsBench.self,
      JobsWorker.self, JobsWaitBench.self, StreamBench.self, PostgresServer.self, RedisServer.self,
    ])
}

/// How often something happened in how long.
struct Rate {
  let count: Int
  let duration: Duration

  var perSecond: Double { Double(count) / (duration / .seconds(1)) }

  /// Prints the rate as the command's only line.
  func report() { print(perSecond) }

  /// Times `body`, which says how often.
  static func measure(_ body: () async throws -> Int) async throws -> Rate {
    let start = ContinuousClock.now
    let count = try await body()
    return Rate(count: count, duration: start.duration(to: .now))
  }
}
