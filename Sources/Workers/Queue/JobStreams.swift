// SPDX-License-Identifier: Apache-2.0

import Domain

/// Where jobs are in Redis.
enum JobStreams {
  static let group = "workers"
  /// Jobs whose pause is over, or that were handed back.
  static let retry = "jobs:retry"
  /// A sorted set: jobs by the millisecond since 1970 from which they may run.
  static let delayed = "jobs:delayed"
  /// Dead letters, for people to look at. The log has them too.
  static let dead = "jobs:dead"
  /// Roughly how many dead letters Redis keeps.
  static let deadLimit = 10_000

  /// `jobs:admin`, `jobs:interactive`, `jobs:bulk`: filled by the relay, with entry ids that are positions.
  static func stream(of jobClass: JobClass) -> String { "jobs:\(jobClass.rawValue)" }

  static func jobClass(of stream: String) -> JobClass? {
    JobClass.allCases.first { self.stream(of: $0) == stream }
  }

  /// What to read for these classes, the most urgent first: work that people wait for, then what was tried before, then the rest.
  static func byPriority(_ classes: Set<JobClass>) -> [String] {
    let urgent = [JobClass.admin, .interactive].filter(classes.contains).map(stream(of:))
    let rest = [JobClass.bulk].filter(classes.contains).map(stream(of:))
    return urgent + [retry] + rest
  }
}
