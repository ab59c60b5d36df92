// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Projections

extension AuditFilter {
  /// Types that one question may name: each is looked up by itself.
  static let maxTypes = 50
  static let maxTextBytes = 200

  /// - Throws: ``AuditError``, or the database's error.
  func query(accounts: QuotaViews, clock: LogClock) async throws -> EventQuery {
    var query = EventQuery()
    query.actor = try await account("actor", actor, accounts)
    query.owner = try await account("owner", owner, accounts)
    query.types = try eventTypes()
    query.category = try category.map { name in
      guard StreamName("\(name)-") == nil, StreamName("\(name)-0") != nil else {
        throw AuditError.malformed(part: "category", expected: "of lower-case letters, such as file")
      }
      return name
    }
    query.stream = try stream.map { name in
      let id = name.drop { $0 != "-" }
      guard let stream = StreamName(name), id.utf8.count <= 128, id.utf8.allSatisfy(\.isLetterDigitOrDash) else {
        throw AuditError.malformed(
          part: "stream", expected: "category-id, such as account-0193497e-5f00-7a3c-9c1b-6f1d2e3a4b01")
      }
      return stream
    }
    query.correlationId = try correlation.map { text in
      guard let id = UUID(uuidString: text) else { throw AuditError.malformed(part: "correlation", expected: "a UUID") }
      return id
    }
    if let from { query.from = try await firstPosition(from, clock) }
    if let to { query.to = try await lastPosition(to, clock) }
    query.text = try text.map { text in
      guard (1...Self.maxTextBytes).contains(text.utf8.count) else {
        throw AuditError.malformed(part: "text", expected: "of 1 to \(Self.maxTextBytes) bytes")
      }
      return text
    }
    return query
  }

  private func account(_ part: String, _ text: String?, _ accounts: QuotaViews) async throws -> UUID? {
    guard let text else { return nil }
    if let id = UUID(uuidString: text) { return id }
    guard text.contains("@") else { throw AuditError.malformed(part: part, expected: "an account's id or its email") }
    guard let account = try await accounts.account(email: text) else { throw AuditError.unknownAccount(email: text) }
    return account.id
  }

  private func eventTypes() throws -> Set<String>? {
    guard !types.isEmpty else { return nil }
    guard types.count <= Self.maxTypes, types.allSatisfy({ $0.wholeMatch(of: /[a-z]+\.[A-Za-z]{1,64}/) != nil }) else {
      throw AuditError.malformed(
        part: "type", expected: "one to \(Self.maxTypes) types of events, such as file.uploaded")
    }
    return Set(types)
  }

  private func firstPosition(_ text: String, _ clock: LogClock) async throws -> Position {
    switch try moment("from", text) {
    case .position(let position): position
    // After the last event that shows an earlier time.
    case .time(let time): Position(try await clock.position(at: time.addingTimeInterval(-0.001)).rawValue + 1)
    }
  }

  private func lastPosition(_ text: String, _ clock: LogClock) async throws -> Position {
    switch try moment("to", text) {
    case .position(let position): position
    case .time(let time): try await clock.position(at: time)
    }
  }

  private func moment(_ part: String, _ text: String) throws -> Moment {
    guard let moment = Moment(text) else {
      throw AuditError.malformed(part: part, expected: "a position or a time such as 2026-01-31T12:00:00Z")
    }
    return moment
  }
}

extension AuditQueried.Filter {
  /// What is recorded of a question.
  init(_ query: EventQuery) {
    self.init()
    actor = query.actor
    owner = query.owner
    types = query.types?.sorted()
    category = query.category
    stream = query.stream?.description
    correlationId = query.correlationId
    from = query.from > Position(1) ? query.from.rawValue : nil
    to = query.to < Position(.max) ? query.to.rawValue : nil
    text = query.text == nil ? nil : true
  }
}

extension UInt8 {
  fileprivate var isLetterDigitOrDash: Bool {
    switch self {
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}
