// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Postgres
import Projections
import Redis

/// `onefold status`: how far the log is, and everything that follows it.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show how far the log, the read tables and the jobs are.",
    discussion: """
      EXAMPLES
        onefold status
        onefold status --data-dir /srv/onefold
        DATABASE_URL=… REDIS_URL=… onefold status

      EXIT STATUS
        0  all projections run
        1  one has stopped at an event it cannot fold
      """)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<Bool, any Error>
    do {
      result = .success(try await show(connections))
    } catch {
      result = .failure(error)
    }
    await connections.close()
    guard try result.get() else { throw ExitCode.failure }
  }

  /// - Returns: whether all projections run.
  private func show(_ connections: Connections) async throws -> Bool {
    let head = try await connections.log.head()
    let checkpoints = try await CheckpointViews(pool: connections.pool).all()
    let savings = try await SavingsViews(pool: connections.pool).installation()
    let jobs = try await JobViews(pool: connections.pool).installation()
    let redis = (try? await connections.redis.command(["PING"])) != nil
    Terminal.write("log         position \(Format.count(Int(head.rawValue)))")
    for checkpoint in checkpoints {
      let behind = head.rawValue - checkpoint.position.rawValue
      let place = behind == 0 ? "up to date" : "\(Format.count(Int(behind))) events behind"
      let error = checkpoint.error.map { " · STOPPED: \($0)" } ?? ""
      Terminal.write(
        "\(checkpoint.name.padded(12))position \(Format.count(Int(checkpoint.position.rawValue))), \(place)\(error)")
    }
    Terminal.write(
      "open jobs   \(Format.count(Int(jobs.queued))) queued, \(Format.count(Int(jobs.retrying))) waiting to be tried again, "
        + "\(Format.count(Int(jobs.dead))) dead letters")
    Terminal.write(
      "space       \(Format.bytes(savings.logicalBytes)) in \(Format.count(Int(savings.files))) files take "
        + "\(Format.bytes(savings.storedBytes)) on disk")
    Terminal.write("redis       \(redis ? "answers" : "DOES NOT ANSWER: jobs wait until it does")")
    return checkpoints.allSatisfy { $0.error == nil }
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { padding(toLength: max(width, count), withPad: " ", startingAt: 0) }
}
