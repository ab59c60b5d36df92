// SPDX-License-Identifier: Apache-2.0

import Accounts
import ArgumentParser
import Foundation

/// `onefold retention`: what goes by itself, and when.
struct RetentionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retention",
    abstract: "Show what goes by itself and how many bytes go free when. Changes nothing.",
    discussion: """
      Policies are settings of the workers (`up`, `work`), which apply them every hour. Give one here to see what it would do
      before it does. Events are never removed: the log keeps everything but the texts of people who were erased.

      EXAMPLES
        onefold retention
        onefold retention --trash-retention 7d          what that would free
        onefold retention --job-retention 7d
        onefold retention --json
      """)

  @Flag(help: "One JSON document instead of text.")
  var json = false

  @Option(name: .setting(.trashRetention), help: .setting(.trashRetention, value: "duration"))
  var trashRetention: String?
  @Option(name: .setting(.jobRetention), help: .setting(.jobRetention, value: "duration"))
  var jobRetention: String?

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings([(.trashRetention, trashRetention), (.jobRetention, jobRetention)])
      .findingServices()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<[RetentionForecast], any Error>
    do {
      result = .success(try await RetentionForecast.read(settings.retention, in: connections.pool))
    } catch { result = .failure(error) }
    await connections.close()
    let forecasts = try result.get()
    guard !json else { return Terminal.write(try JSONText.encode(forecasts.map { Line($0, settings) })) }
    var table = Table("what", "kept for", "due now", "in a day", "in a week", "in 30 days", "all")
    for forecast in forecasts {
      let amounts = [forecast.now, forecast.withinDay, forecast.withinWeek, forecast.withinMonth, forecast.all]
      table.rows.append(
        [Self.title(forecast.kind), Line.policy(forecast.kind, settings)]
          + amounts.map { $0.items == 0 ? "–" : "\(Format.count(Int($0.items))) (\(Format.bytes($0.bytes)))" })
    }
    Terminal.write(table.text)
  }

  private static func title(_ kind: RetentionForecast.Kind) -> String {
    switch kind {
    case .trash: "files in the trash"
    case .removedBytes: "bytes of no file"
    case .finishedJobs: "finished jobs"
    case .sessions: "sign-ins"
    case .keptAnswers: "kept answers"
    case .replacedTables: "replaced read tables"
    }
  }

  private struct Line: Encodable {
    struct Amount: Encodable {
      let items: Int64
      let bytes: Int64

      init(_ amount: RetentionForecast.Amount) { (items, bytes) = (amount.items, amount.bytes) }
    }

    let kind: String
    let keptFor: String
    let now: Amount
    let withinDay: Amount
    let withinWeek: Amount
    let withinMonth: Amount
    let all: Amount

    init(_ forecast: RetentionForecast, _ settings: Settings) {
      kind = forecast.kind.rawValue
      keptFor = Self.policy(forecast.kind, settings)
      now = Amount(forecast.now)
      withinDay = Amount(forecast.withinDay)
      withinWeek = Amount(forecast.withinWeek)
      withinMonth = Amount(forecast.withinMonth)
      all = Amount(forecast.all)
    }

    static func policy(_ kind: RetentionForecast.Kind, _ settings: Settings) -> String {
      switch kind {
      case .trash: settings.trashRetention.map { Format.duration($0 / .seconds(1)) } ?? "ever"
      case .removedBytes: Format.duration(settings.reclaimGrace / .seconds(1))
      case .finishedJobs: settings.jobRetention.map { Format.duration($0 / .seconds(1)) } ?? "ever"
      case .sessions: "30 days"
      case .keptAnswers: Format.duration(settings.answerRetention / .seconds(1))
      case .replacedTables: Format.duration(settings.rollbackWindow / .seconds(1))
      }
    }
  }
}

extension Settings {
  var retention: RetentionForecast.Policy {
    .init(
      trash: trashRetention, reclaimGrace: reclaimGrace, jobs: jobRetention, answers: answerRetention,
      replacedTables: rollbackWindow)
  }
}
