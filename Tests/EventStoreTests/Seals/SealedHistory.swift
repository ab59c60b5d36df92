// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation

@testable import EventStore
import TestSupport

/// A log in memory with its seals, to be tampered with and verified as an export.
struct SealedHistory {
  let keys: SealKeys
  var events: [EventTuple] = []
  var records: [SealRecord] = []

  /// Random events under seals of random sizes.
  /// - Parameter unsealed: how many events have no seal.
  init(
    events count: Int, unsealed: Int = 0, keys: SealKeys = SealKeys(current: SealKey()),
    using generator: inout SeededGenerator
  )
    throws
  {
    self.keys = keys
    for position in 0..<count { events.append(Self.event(at: Int64(position + 1), using: &generator)) }
    try seal(upTo: count - unsealed) { Int.random(in: 1...max(1, count / 4), using: &generator) }
  }

  /// Makes the seals of the first events anew.
  mutating func seal(upTo end: Int, from number: Int = 0, with other: SealKeys? = nil, size: () -> Int) throws {
    records = Array(records.prefix(number))
    let hasher = EventTuple.hasher()
    var start = Int(records.last?.seal.last.rawValue ?? 0)
    while start < end {
      let next = min(end, start + size())
      let leaves = events[start..<next].flatMap { $0.leaf(with: hasher) }
      let seal = try Seal.make(
        after: records.last?.seal, leaves: leaves, at: PostgresTime(microseconds: Int64(next)), keys: other ?? keys,
        with: hasher)
      records.append(SealRecord(seal: seal, leaves: leaves))
      start = next
    }
  }

  static func event(
    at position: Int64, payload: [UInt8]? = nil, using generator: inout SeededGenerator
  ) -> EventTuple {
    let text =
      ["", "plain", "Ümläut \\ \"quoted\"", "tab\there", "a/b.txt", "🗂"].randomElement(using: &generator) ?? ""
    let number = Int.random(in: 0...1_000_000, using: &generator)
    let ids = (0..<5).map { _ in
      UUID(uuid: withUnsafeBytes(of: (generator.next(), generator.next())) { $0.load(as: uuid_t.self) })
    }
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
      .replacingOccurrences(of: "\t", with: "\\t")
    return EventTuple(
      RecordedEvent(
        position: Position(position), version: Int64.random(in: 1...9, using: &generator), recordedAt: .distantPast,
        id: ids[0], owner: Bool.random(using: &generator) ? ids[1] : nil,
        actor: Bool.random(using: &generator) ? ids[2] : nil,
        correlationId: Bool.random(using: &generator) ? ids[3] : nil,
        causationId: Bool.random(using: &generator) ? ids[4] : nil,
        schemaVersion: Int.random(in: 1...3, using: &generator),
        stream: StreamName(category: "test", id: "\(text)\(number)"), type: "test.happened",
        payload: payload ?? Array(#"{"n":\#(number),"text":"\#(escaped)"}"#.utf8)),
      recordedAt: PostgresTime(microseconds: position * 1_000_003))
  }

  /// The lines that `onefold export` would write of this log.
  func export(head: Int? = nil) throws -> [UInt8] {
    var lines = try ExportItem.line(ExportItem.Start(format: 1, head: Int64(head ?? events.count), exportedAt: "now"))
    var waiting = records[...]
    for event in events {
      while let record = waiting.first,
        record.seal.first.rawValue <= EventTuple.position(of: event.bytes.span.bytes) ?? 0
      {
        lines += try SealLine.encode(waiting.removeFirst())
      }
      _ = EventLine.append(event, to: &lines)
    }
    for record in waiting { lines += try SealLine.encode(record) }
    lines += try ExportItem.line(ExportItem.End(events: Int64(events.count), seals: Int64(records.count)))
    return lines
  }

  func verify(trusting keys: Set<SealPublicKey>? = nil, copy: String? = nil, head: Int? = nil) throws -> VerifyReport {
    try Self.verify(try export(head: head), trusting: keys ?? [self.keys.current.publicKey], copy: copy)
  }

  static func verify(_ export: [UInt8], trusting keys: Set<SealPublicKey>, copy: String? = nil) throws -> VerifyReport {
    var rest = export[...]
    return try ExportVerification(trusting: keys, copyPath: copy).run(read: {
      defer { rest = rest.dropFirst(1000) }
      return rest.isEmpty ? nil : Array(rest.prefix(1000))
    })
  }

  /// Runs `body` with a file that holds these seals.
  func withCopy<Value>(_ body: (String) throws -> Value) throws -> Value {
    let file = FileManager.default.temporaryDirectory.appending(path: "seals-\(UUID()).ndjson")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(try records.flatMap(SealLine.encode)).write(to: file)
    return try body(file.path)
  }
}
