// SPDX-License-Identifier: Apache-2.0

import Audit
import Domain
import EventStore
import Foundation
import Projections
import Synchronization

/// Writes events to standard output, as a table for people or as lines for programs.
final class AuditOutput: Sendable {
  private let lines: EventFormat?
  private let accounts: QuotaViews
  /// Emails by account, so that each is asked for once.
  private let names = Mutex<[UUID: String]>([:])

  init(_ format: AuditCommand.Format, accounts: QuotaViews) {
    lines =
      switch format {
      case .table: nil
      case .ndjson: .ndjson
      case .csv: .csv
      }
    self.accounts = accounts
  }

  func begin() {
    write(lines?.header ?? Array("  position  time                      who                       what\n".utf8))
  }

  func show(_ events: [RecordedEvent]) async throws {
    if let lines {
      write(events.flatMap(lines.line))
    } else {
      for event in events { Terminal.write(try await row(event)) }
    }
  }

  func end(given: Int, through: Position) {
    if let lines { write(lines.end(given: given, through: through)) }
  }

  private func row(_ event: RecordedEvent) async throws -> String {
    let position = String(event.position.rawValue)
    let who = try await name(event.actor).padding(toLength: 24, withPad: " ", startingAt: 0)
    let payload = String(decoding: event.payload, as: UTF8.self)
    let text =
      String(repeating: " ", count: max(0, 10 - position.count))
      + "\(position)  \(event.recordedAt.rfc3339)  \(who)  \(event.type) \(payload)"
    return Terminal.outputColumns.map { String(text.prefix($0)) } ?? text
  }

  private func name(_ account: UUID?) async throws -> String {
    guard let account else { return "onefold" }
    if let known = names.withLock({ $0[account] }) { return known }
    let name = try await accounts.account(account)?.email ?? account.text
    names.withLock { $0[account] = name }
    return name
  }

  private func write(_ bytes: [UInt8]) { FileHandle.standardOutput.write(Data(bytes)) }
}
