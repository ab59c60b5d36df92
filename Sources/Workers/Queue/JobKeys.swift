// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore

/// Where jobs are in Redis. The scripts spell the same names.
///
/// | key | type | what |
/// | --- | --- | --- |
/// | `jobs:lane:<class>:<kind>:<tenant>` | list | waiting jobs, the next one first: `<position> <cost>` |
/// | `jobs:ring:<class>` | list | tenants with waiting jobs, the next one first |
/// | `jobs:waiting:<class>` | hash | how many jobs of each tenant wait |
/// | `jobs:depth` | hash | the same by `<class> <kind>` |
/// | `jobs:deficit:<class>` | hash | what is left of a tenant's share; with `+` in the middle of its turn |
/// | `jobs:credit` | hash | what more urgent classes owe this one, in eighths of a job |
/// | `jobs:<class>` | stream | jobs that a worker has, pending in group `workers` |
/// | `jobs:flight` | hash | how many those are, by `class:…`, `kind:…`, `tenant:…` |
/// | `jobs:delayed` | sorted set | jobs by the millisecond since 1970 from which they may run: `<class> <kind> <tenant> <position> <cost>` |
/// | `jobs:wake:<class>` | list | at most one token: there may be something to take |
/// | `jobs:control`, `jobs:control:at` | hash | pauses and limits, and the position of the event that said so |
/// | `jobs:rate` | hash | tokens of rate limits, and when they were counted |
/// | `jobs:cancelled` | sorted set | ids of jobs that were cancelled lately, by the millisecond |
/// | `jobs:dead` | stream | dead letters, for people to look at; the log has them too |
enum JobKeys {
  static let group = Relay.workers
  static let delayed = "jobs:delayed"
  static let cancelled = "jobs:cancelled"
  static let depth = "jobs:depth"
  static let flight = "jobs:flight"
  static let dead = "jobs:dead"
  /// Roughly how many dead letters Redis keeps.
  static let deadLimit = 10_000

  /// What a worker of this class has, pending.
  static func stream(_ jobClass: JobClass) -> String { "jobs:\(jobClass.rawValue)" }

  static func wake(_ jobClass: JobClass) -> String { "jobs:wake:\(jobClass.rawValue)" }

  static func ring(_ jobClass: JobClass) -> String { "jobs:ring:\(jobClass.rawValue)" }

  static func lane(_ entry: JobEntry) -> String {
    "jobs:lane:\(entry.jobClass.rawValue):\(entry.kind.rawValue):\(entry.tenant)"
  }

  static func jobClass(ofStream stream: String) -> JobClass? {
    JobClass.allCases.first { self.stream($0) == stream }
  }

  /// The most urgent first.
  static func byUrgency(_ classes: Set<JobClass>) -> [JobClass] {
    [JobClass.admin, .interactive, .bulk].filter(classes.contains)
  }
}
