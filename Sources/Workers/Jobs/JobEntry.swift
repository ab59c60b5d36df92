// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// A job as Redis knows it: where it waits, and where the log tells the rest. The log has the last word.
public struct JobEntry: Sendable, Hashable {
  /// Where the log has the event that queued it.
  public var position: Position
  public var kind: JobKind
  public var jobClass: JobClass
  /// Whose turn it takes; nil for jobs that are nobody's.
  public var owner: UUID?
  /// What it takes of that turn.
  public var cost: Int

  public init(position: Position, kind: JobKind, jobClass: JobClass, owner: UUID?, cost: Int = 1) {
    self.position = position
    self.kind = kind
    self.jobClass = jobClass
    self.owner = owner
    self.cost = min(max(1, cost), JobCost.most)
  }
}

extension JobEntry {
  /// Whose jobs they are that are nobody's.
  static let system = "system"

  var tenant: String { owner?.text ?? Self.system }

  /// In its lane, where the rest is said by the lane's name.
  var job: String { "\(position) \(cost)" }

  /// Among the delayed.
  var member: String { "\(jobClass.rawValue) \(kind.rawValue) \(tenant) \(job)" }

  /// Reads what a worker was given. The class is the stream's.
  /// - Throws: ``Undecodable``, which names the field.
  init(_ delivery: Delivery) throws(Undecodable) {
    func field<Value>(_ name: String, _ read: (String) -> Value?) throws(Undecodable) -> Value {
      guard let text = delivery.fields[name] else { throw Undecodable(field: name, text: nil) }
      guard let value = read(text) else { throw Undecodable(field: name, text: text) }
      return value
    }
    position = try field("position") { Int64($0).map { Position($0) } }
    kind = try field("kind") { JobKind(rawValue: $0) }
    owner = try field("tenant") { $0 == Self.system ? .some(nil) : UUID(uuidString: $0).map { .some($0) } }
    cost = try field("cost") { Int($0) }
    guard let jobClass = JobKeys.jobClass(ofStream: delivery.stream) else {
      throw Undecodable(field: "stream", text: delivery.stream)
    }
    self.jobClass = jobClass
  }
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
