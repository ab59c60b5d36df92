// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import Redis

/// Everything that the doctor looks at, one area after the other. An area that cannot be looked at is a finding itself.
struct Checkup: Sendable {
  let settings: Settings
  let logger: Logger

  func run() async -> [Finding] {
    guard settings.databaseURL != nil else {
      let text = "No database is named, and no `onefold up` is running on \(settings.dataDirectory.path)."
      return [.fail("settings", text, "Start it, or set DATABASE_URL, REDIS_URL and ONEFOLD_BLOBS_DIR.")] + disk()
    }
    var findings = configuration()
    let connections: Connections
    do {
      connections = try Connections(settings, logger: logger)
    } catch {
      return findings + [.fail("settings", "\(error)", "See docs/operations.md, Settings.")] + disk()
    }
    findings += await looking(
      at: "postgres", "Is it running, and is DATABASE_URL right? Nothing is acknowledged without it."
    ) {
      try await postgres(connections.pool)
    }
    findings += await looking(at: "log", "See the line about Postgres.") { try await log(connections) }
    findings += await looking(
      at: "redis", "Is it running, and is REDIS_URL right? Uploads go on without it; jobs wait."
    ) {
      try await redis(connections.redis)
    }
    findings += await looking(at: "clocks", "See the lines above.") { try await clocks(connections) }
    findings += disk() + parser()
    if let s3 = settings.s3 {
      let advice =
        "Is the service running, is the bucket there, and may the key read, write, list and delete in it? Uploads wait."
      findings += await looking(at: "s3", advice) { try await bucket(s3, connections) }
    }
    if let configuration = settings.openSearch {
      findings += await looking(at: "opensearch", "Comparisons wait until it answers.") {
        try await openSearch(configuration)
      }
    }
    await connections.close()
    return findings
  }

  /// Within ten seconds: a dependency that does not answer is found, and not waited for.
  private func looking(
    at area: String, _ advice: String, _ body: @escaping @Sendable () async throws -> [Finding]
  ) async -> [Finding] {
    await withTaskGroup(of: [Finding].self) { group in
      group.addTask {
        do { return try await body() } catch {
          return [.fail(area, "It cannot be looked at: \(error)", advice)]
        }
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(10))
        return [.fail(area, "There was no answer within ten seconds.", advice)]
      }
      defer { group.cancelAll() }
      return await group.next() ?? []
    }
  }

  private func configuration() -> [Finding] {
    var findings: [Finding] = []
    let area = "settings"
    if let secret = settings.keySecret {
      findings.append(
        secret.utf8.count >= 32
          ? .ok(area, "The secret that wraps the keys of personal data is set.")
          : .fail(
            area, "ONEFOLD_KEY_SECRET has fewer than 32 bytes.", "openssl rand -hex 32; it cannot be changed later."))
    } else {
      findings.append(
        .fail(
          area, "ONEFOLD_KEY_SECRET is not set.",
          "Set the one that the other roles have; for a new installation: openssl rand -hex 32."))
    }
    if let secret = settings.tokenSecret, secret.utf8.count < 32 {
      findings.append(
        .fail(area, "ONEFOLD_TOKEN_SECRET has fewer than 32 bytes.", "openssl rand -hex 32, the same for all servers."))
    }
    if settings.adminPassword != nil {
      findings.append(
        .note(
          area, "ONEFOLD_ADMIN_PASSWORD is set.",
          "Once the administrator exists, it is needed no more: take it out of the environment."))
    }
    if settings.host == "0.0.0.0" || settings.host == "::", !settings.isBehindTLS {
      findings.append(
        .note(
          area, "It listens on every address, without TLS before it.",
          "Put nginx with TLS before it (deploy/listen-tls.conf), and set ONEFOLD_BEHIND_TLS=yes."))
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      findings.append(
        limit.rlim_cur >= 4096
          ? .ok(area, "\(limit.rlim_cur) file descriptors may be open.")
          : .note(
            area, "Only \(limit.rlim_cur) file descriptors may be open.",
            "ulimit -n 65536, or LimitNOFILE=65536 of the service: each connection needs one."))
    }
    return findings
  }
}
