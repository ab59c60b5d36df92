// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Redis

/// A job as its stream entry tells it: ids and little else. The log has the rest, and the last word.
public struct JobEntry: Sendable, Equatable {
  /// The id of the event that caused it.
  public var id: UUID
  public var kind: JobKind
  public var jobClass: JobClass
  public var fileId: UUID
  public var owner: UUID
  /// Where the log has the event that caused it.
  public var position: Position
  /// From 1. For people who look into Redis; the log counts attempts.
  public var attempt: Int

  public init(
    id: UUID, kind: JobKind, jobClass: JobClass, fileId: UUID, owner: UUID, position: Position, attempt: Int = 1
  ) {
    self.id = id
    self.kind = kind
    self.jobClass = jobClass
    self.fileId = fileId
    self.owner = owner
    self.position = position
    self.attempt = attempt
  }
}

extension JobEntry {
  /// Reads an entry.
  ///
  /// In a class's stream the class is the stream's, and the position is the entry's id; an entry that was moved carries both.
  /// - Throws: ``Undecodable``, which names the field.
  init(_ delivery: Delivery) throws(Undecodable) {
    func field<Value>(_ name: String, _ read: (String) -> Value?) throws(Undecodable) -> Value {
      guard let text = delivery.fields[name] else { throw Undecodable(field: name, text: nil) }
      guard let value = read(text) else { throw Undecodable(field: name, text: text) }
      return value
    }
    id = try field("job") { UUID(uuidString: $0) }
    kind = try field("kind") { JobKind(rawValue: $0) }
    fileId = try field("file") { UUID(uuidString: $0) }
    owner = try field("owner") { UUID(uuidString: $0) }
    attempt = try field("attempt") { Int($0) }
    if let jobClass = JobStreams.jobClass(of: delivery.stream) {
      self.jobClass = jobClass
      position = Position(Int64(clamping: delivery.id.milliseconds))
    } else {
      jobClass = try field("class") { JobClass(rawValue: $0) }
      position = try field("position") { Int64($0).map { Position($0) } }
    }
  }

  /// The fields of an entry that is moved to another place, sorted by name so that equal entries are equal text.
  var fields: [(key: String, value: String)] {
    [
      ("attempt", String(attempt)), ("class", jobClass.rawValue), ("file", fileId.text), ("job", id.text),
      ("kind", kind.rawValue), ("owner", owner.text), ("position", position.description),
    ]
  }

  /// The same as JSON, for a member of the sorted set of delayed jobs. None of the values needs escaping.
  var json: String { "{" + fields.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}" }
}

/// An entry that is no job.
struct Undecodable: Error, Equatable, CustomStringConvertible {
  let field: String
  let text: String?

  var description: String {
    text.map { "The field \"\(field)\" has the value \"\($0.prefix(100))\", which cannot be read." }
      ?? "The field \"\(field)\" is missing."
  }
}
