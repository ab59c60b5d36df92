// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

extension ProjectionModel {
  /// The rows of every table, written as ``ReadTables`` reads them.
  var rows: [String: [String]] {
    [
      "file": files.map { id, file in
        row(
          id.text, file.owner.text, file.position, file.size, time(file.uploadedAt), file.trashedAt.map(time),
          file.isSettled, file.trashedAt == nil ? "live" : "trashed", file.digest, file.contentType, file.path)
      },
      "member": files.map { id, file in
        row(
          id.text, file.owner.text, file.position, file.size, time(file.uploadedAt), file.trashedAt == nil, file.digest,
          file.path)
      },
      "duplicate_group": groups.map { id, group in
        let copies = files.values.filter { $0.owner == group.owner && $0.digest == group.digest && $0.trashedAt == nil }.count
        return row(
          id.text, group.owner.text, group.size, copies, Int64(max(copies - 1, 0)) * group.size, time(group.matchedAt),
          group.digest)
      },
      "owner_content": owned.map { key, size in
        row(key.owner.text, count(key), size, settled[key], key.digest)
      },
      "owner_savings": Set(owned.keys.map(\.owner)).map { owner in
        let held = owned.filter { $0.key.owner == owner && count($0.key) > 0 }
        return row(
          owner.text,
          held.reduce(0) { $0 + count($1.key) },
          held.reduce(0) { $0 + count($1.key) * $1.value },
          held.reduce(0) { $0 + $1.value },
          held.reduce(0) { $0 + (settled[$1.key] ?? $1.value) })
      },
      "content": contents.map { digest, size in row(count(digest), size, analyzed[digest], digest) },
      "installation_savings": installation.map { [$0] } ?? [],
      "job": jobs.map { id, job in
        row(
          id.text, job.owner.text, job.fileId.text, job.position, time(job.queuedAt), job.finishedAt.map(time),
          job.retryAt.map { $0 * 1000 }, job.attempts, "analyze", job.jobClass.rawValue, job.state, job.path, job.error)
      },
      "owner_jobs": Set(jobs.values.map(\.owner)).map { owner in
        let states = jobs.values.filter { $0.owner == owner }.map(\.state)
        return row(
          owner.text, states.count { $0 == "queued" }, states.count { $0 == "retrying" },
          states.count { $0 == "succeeded" }, states.count { $0 == "dead" })
      },
      "account": accounts.map { id, account in
        row(
          id.text, account.quotaBytes, account.usedBytes, account.version, time(account.registeredAt),
          account.isDisabled, account.role.rawValue, account.email)
      },
    ].mapValues { $0.sorted() }
  }

  private var contents: [Digest: Int64] {
    Dictionary(owned.map { ($0.key.digest, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  private var installation: String? {
    guard !contents.isEmpty else { return nil }
    let held = contents.filter { count($0.key) > 0 }
    return row(
      files.count,
      files.values.reduce(0) { $0 + $1.size },
      held.reduce(0) { $0 + $1.value },
      held.reduce(0) { $0 + (analyzed[$1.key] ?? $1.value) })
  }

  private func count(_ key: Owned) -> Int64 {
    Int64(files.values.count { $0.owner == key.owner && $0.digest == key.digest })
  }

  private func count(_ digest: Digest) -> Int64 { Int64(files.values.count { $0.digest == digest }) }

  private func row(_ fields: (any CustomStringConvertible)?...) -> String {
    fields.map { $0.map(\.description) ?? "-" }.joined(separator: "|")
  }

  /// Microseconds since 1970.
  private func time(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1e6).rounded()) }
}
