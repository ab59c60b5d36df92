// SPDX-License-Identifier: Apache-2.0

import Accounts
import Crypto
import Domain
import EventStore
import Foundation
import TestSupport
import Testing

/// A log, a read model, an account, and what tests do with them.
struct LedgerFixture {
  let owner = UUID.v7()
  let log: any EventLog
  let index: LogFileIndex
  let ledger: FileLedger

  init(quota: Int64 = 1_000_000, log: any EventLog = MemoryEventLog()) async throws {
    self.log = log
    index = LogFileIndex(log: log)
    ledger = FileLedger(log: log, index: index)
    try await register(owner, quota: quota)
  }

  /// Another server on the same log, with a read model of its own.
  func anotherServer() -> (ledger: FileLedger, index: LogFileIndex) {
    let index = LogFileIndex(log: log)
    return (FileLedger(log: log, index: index), index)
  }

  func register(_ owner: UUID, quota: Int64) async throws {
    try await append(
      .registered(.init(accountId: owner, email: "\(owner)@example.org", role: .user, quotaBytes: quota)), owner)
  }

  func append(_ event: AccountEvent, _ owner: UUID? = nil) async throws {
    let owner = owner ?? self.owner
    _ = try await log.append(
      to: StreamName(category: "account", id: owner), expected: .any, [try NewEvent(event.payload, owner: owner)])
  }

  @discardableResult
  func upload(
    _ path: String, _ text: String = "content", size: Int64? = nil, key: String? = nil, on other: FileLedger? = nil,
    owner: UUID? = nil
  ) async throws -> UploadOutcome {
    let owner = owner ?? self.owner
    return try await (other ?? ledger).upload(
      owner: owner, actor: owner, path: FilePath(path), digest: Self.digest(text), size: size ?? Int64(text.utf8.count),
      contentType: "text/plain", jobClass: .interactive, idempotencyKey: key)
  }

  static func digest(_ text: String) -> Domain.Digest {
    Domain.Digest(bytes: Array(SHA256.hash(data: Data(text.utf8))))
  }

  func events() async throws -> [RecordedEvent] { try await log.read(after: .start, limit: .max) }

  /// Folds the whole log from the outside, and checks the promises at each of its positions.
  func audit(sourceLocation: SourceLocation = #_sourceLocation) async throws -> OwnerAudit {
    let audit = try OwnerAudit(of: owner, try await events())
    #expect(audit.violations.isEmpty, sourceLocation: sourceLocation)
    return audit
  }
}

extension UploadOutcome {
  var file: StoredFile {
    switch self {
    case .created(let file, _), .unchanged(let file): file
    }
  }

  var isCreated: Bool {
    if case .created = self { true } else { false }
  }
}
