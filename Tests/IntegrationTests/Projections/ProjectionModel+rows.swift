// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

extension ProjectionModel {
  /// The rows of every table, written as ``ReadTables`` reads them.
  var rows: [String: [String]] {
    var rows: [String: [String]] = [
      "file": files.map { fileRow($0, $1) },
      "member": files.map { memberRow($0, $1) },
      "duplicate_group": groups.map { groupRow($0, $1) },
      "owner_content": owned.map { ownedRow($0, $1) },
      "owner_savings": Set(owned.keys.map(\.owner)).map { savingsRow($0) },
      "content": contents.map { contentRow($0, $1) },
      "installation_savings": installationRows,
      "job": jobs.map { jobRow($0, $1) },
      "attempt": jobs.values.flatMap(\.failures),
      "owner_jobs": jobCountRows,
      "batch": batchRows,
      "pace": paceRows,
      "control": queues.map { queueRow($0, $1) },
      "event": unrecognised,
      "account": accounts.map { accountRow($0, $1) },
    ]
    rows.merge(similarityRows()) { _, new in new }
    return rows.mapValues { $0.sorted() }
  }

  private func fileRow(_ id: UUID, _ file: File) -> String {
    let state = file.trashedAt == nil ? "live" : "trashed"
    return [
      id.text, file.owner.text, "\(file.position)", "\(file.size)", time(file.uploadedAt), time(file.trashedAt),
      "\(file.isSettled)", state, "\(file.digest)", file.contentType ?? "-", file.path,
    ].joined(separator: "|")
  }

  private func memberRow(_ id: UUID, _ file: File) -> String {
    [
      id.text, file.owner.text, "\(file.position)", "\(file.size)", time(file.uploadedAt), "\(file.trashedAt == nil)",
      "\(file.digest)", file.path,
    ].joined(separator: "|")
  }

  private func groupRow(_ id: UUID, _ group: Group) -> String {
    let copies = files.values.count {
      $0.owner == group.owner && $0.digest == group.digest && $0.trashedAt == nil
    }
    let reclaimable = Int64(max(copies - 1, 0)) * group.size
    return [
      id.text, group.owner.text, "\(group.size)", "\(copies)", "\(reclaimable)", time(group.matchedAt),
      "\(group.digest)",
    ].joined(separator: "|")
  }

  private func ownedRow(_ key: Owned, _ size: Int64) -> String {
    [key.owner.text, "\(count(key))", "\(size)", number(settled[key]), "\(key.digest)"].joined(separator: "|")
  }

  private func savingsRow(_ owner: UUID) -> String {
    let held = owned.filter { $0.key.owner == owner && count($0.key) > 0 }
    return owner.text + "|"
      + sums(held.map { (files: count($0), size: $1, stored: settled[$0] ?? $1) })
  }

  private func contentRow(_ digest: Digest, _ size: Int64) -> String {
    ["\(count(digest))", "\(size)", number(analyzed[digest]), "\(digest)"].joined(separator: "|")
  }

  private var installationRows: [String] {
    if contents.isEmpty { return [] }
    let held = contents.filter { count($0.key) > 0 }
    return [sums(held.map { (files: count($0), size: $1, stored: analyzed[$0] ?? $1) })]
  }

  private func accountRow(_ id: UUID, _ account: Account) -> String {
    [
      id.text, "\(account.quotaBytes)", "\(account.usedBytes)", "\(account.version)", time(account.registeredAt),
      "\(account.isDisabled)", account.role.rawValue, account.email,
    ].joined(separator: "|")
  }

  private func sums(_ contents: [(files: Int64, size: Int64, stored: Int64)]) -> String {
    let files = contents.reduce(0) { $0 + $1.files }
    let logical = contents.reduce(0) { $0 + $1.files * $1.size }
    let unique = contents.reduce(0) { $0 + $1.size }
    let stored = contents.reduce(0) { $0 + $1.stored }
    return "\(files)|\(logical)|\(unique)|\(stored)"
  }

  private func count(_ key: Owned) -> Int64 {
    Int64(files.values.count { $0.owner == key.owner && $0.digest == key.digest })
  }

  private func count(_ digest: Digest) -> Int64 { Int64(files.values.count { $0.digest == digest }) }

  func number(_ value: Int64?) -> String { value.map { "\($0)" } ?? "-" }

  /// Microseconds since 1970.
  func time(_ date: Date?) -> String { number(date.map { Int64(($0.timeIntervalSince1970 * 1e6).rounded()) }) }
}
