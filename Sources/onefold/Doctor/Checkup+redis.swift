// SPDX-License-Identifier: Apache-2.0

import Foundation
import Redis
import Search

extension Checkup {
  func redis(_ client: RedisClient) async throws -> [Finding] {
    let area = "redis"
    // Redis gives all of it in lines of name:value.
    let text = try await client.command(["INFO"]).string ?? ""
    let facts = Dictionary(
      text.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (String(line[..<colon]), String(line[line.index(after: colon)...]))
      }
    ) { first, _ in first }
    var findings: [Finding] = []
    let version = facts["redis_version"] ?? "?"
    let major = version.split(separator: ".").first.flatMap { Int($0) } ?? 0
    findings.append(
      major >= 7
        ? .ok(area, "Version \(version).")
        : .fail(area, "Version \(version) is too old.", "Redis 7 or later is needed."))
    let policy = facts["maxmemory_policy"] ?? ""
    findings.append(
      policy == "noeviction" || facts["maxmemory"] == "0"
        ? .ok(area, "It throws nothing away (maxmemory-policy \(policy)).")
        : .fail(
          area, "maxmemory-policy is \(policy): jobs can vanish until somebody notices.",
          "CONFIG SET maxmemory-policy noeviction, and in its configuration."))
    if let used = facts["used_memory"].flatMap({ Double($0) }), let most = facts["maxmemory"].flatMap({ Double($0) }),
      most > 0, used / most > 0.8
    {
      findings.append(
        .note(
          area, "It uses \(Int(100 * used / most)) % of the memory it may.",
          "Raise maxmemory: refused writes stop the relay."))
    }
    // Nothing in it is a record: without persistence a restart costs a refill, and nothing else.
    findings.append(
      facts["aof_enabled"] == "1"
        ? .ok(area, "It keeps its data over a restart (appendonly).")
        : .ok(area, "It forgets at a restart, after which the relay fills it again from the log."))
    for (name, what) in [
      ("aof_last_write_status", "append to its file"), ("rdb_last_bgsave_status", "write its snapshot"),
    ]
    where facts[name] == "err" {
      findings.append(
        .fail(area, "It could not \(what), and refuses writes if it is set to.", "Look at its log and its disk."))
    }
    if facts["role"] == "slave" {
      findings.append(.fail(area, "This is a replica, which takes no writes.", "Name the primary in REDIS_URL."))
    }
    return findings
  }

  func openSearch(_ configuration: OpenSearchConfiguration) async throws -> [Finding] {
    let version = try await OpenSearchClient(configuration).version()
    let major = version.split(separator: ".").first.flatMap { Int($0) } ?? 0
    return [
      major >= 2
        ? .ok("opensearch", "Version \(version).")
        : .fail("opensearch", "Version \(version) is too old.", "OpenSearch 2 or 3 is needed; or unset OPENSEARCH_URL.")
    ]
  }
}
