// SPDX-License-Identifier: Apache-2.0

import Domain
import Redis

/// Jobs of one class, kind and tenant wait in one list. Scripts are told many of them at a time.
enum Lane {
  private struct Key: Hashable {
    let jobClass, kind, tenant: String
  }

  /// Class, kind, tenant, and the jobs for them; each in the order given.
  static func grouping(_ entries: [JobEntry]) -> [(String, String, String, [String])] {
    var jobs: [Key: [String]] = [:]
    var order: [Key] = []
    for entry in entries {
      let key = Key(jobClass: entry.jobClass.rawValue, kind: entry.kind.rawValue, tenant: entry.tenant)
      if jobs[key] == nil { order.append(key) }
      jobs[key, default: []].append(entry.job)
    }
    return order.map { ($0.jobClass, $0.kind, $0.tenant, jobs[$0] ?? []) }
  }

  static func words(_ jobs: [String]) -> [RedisArgument] { [RedisArgument(jobs.count)] + jobs.map { .string($0) } }
}
