// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlobStore
import Domain
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
    let parked = try await ParkedEvents(pool: connections.pool).counts()
    let rebuilds = try await RebuildBoard(pool: connections.pool).all().filter(\.isUnderWay)
    let redis = (try? await connections.redis.command(["PING"])) != nil
    Terminal.write("log           position \(Format.count(Int(head.rawValue)))")
    for checkpoint in checkpoints {
      let behind = head.rawValue - checkpoint.position.rawValue
      let place = behind == 0 ? "up to date" : "\(Format.count(Int(behind))) events behind"
      let error = checkpoint.error.map { " · STOPPED: \($0)" } ?? ""
      let aside = Self.parked(parked[checkpoint.name] ?? 0, in: checkpoint.name)
      Terminal.write(
        "\(checkpoint.name.padded(14))position \(Format.count(Int(checkpoint.position.rawValue))), \(place)\(aside)\(error)"
      )
    }
    for rebuild in rebuilds {
      let left = rebuild.timeLeft.map { ", \(Format.duration($0 / .seconds(1))) left" } ?? ""
      Terminal.write(
        "rebuild       \(rebuild.projection): \(rebuild.state.rawValue), position "
          + "\(Format.count(Int(rebuild.position.rawValue))) of \(Format.count(Int(rebuild.target.rawValue)))\(left)")
    }
    Terminal.write("seals       \(try await SealStatus.read(connections).description)")
    Terminal.write(
      "open jobs     \(Format.count(Int(jobs.queued))) queued, \(Format.count(Int(jobs.retrying))) waiting to be tried again, "
        + "\(Format.count(Int(jobs.dead))) dead letters")
    Terminal.write(
      "space         \(Format.bytes(savings.logicalBytes)) in \(Format.count(Int(savings.files))) files take "
        + "\(Format.bytes(savings.storedBytes)) on disk")
    Terminal.write("bytes         \(try await Self.health(connections))")
    Terminal.write("redis         \(redis ? "answers" : "DOES NOT ANSWER: jobs wait until it does")")
    return checkpoints.allSatisfy { $0.error == nil }
  }
}

extension StatusCommand {
  private static func health(_ connections: Connections) async throws -> String {
    let health = StoreHealth(pool: connections.pool)
    let (pass, damaged) = (try await health.pass(), try await health.damagedCount())
    let state = damaged == 0 ? "no damage known" : "\(Format.count(Int(damaged))) CONTENTS DAMAGED (onefold fsck)"
    let read = pass.finishedAt.map { "all read last at \($0.rfc3339)" } ?? "never read whole yet"
    let now = pass.isUnderWay ? "; reading, \(Format.bytes(pass.bytes)) so far" : ""
    return "\(state); \(read)\(now)"
  }

  /// What has been passed by is no reason to stop, and every reason to look.
  private static func parked(_ count: Int, in projection: String) -> String {
    guard count > 0 else { return "" }
    let number = count < ParkedEvents.countLimit ? Format.count(count) : "\(Format.count(count)) or more"
    return projection == UnrecognisedProjection.name
      ? " · \(number) EVENTS OF UNKNOWN TYPES: a newer program wrote them (onefold parked)"
      : " · \(number) EVENTS PARKED (onefold parked)"
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { padding(toLength: max(width, count), withPad: " ", startingAt: 0) }
}
