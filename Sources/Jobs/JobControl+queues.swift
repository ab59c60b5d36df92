// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
import Foundation

/// A part of the queue: a class, a kind, or a tenant.
public struct QueueName: Hashable, Sendable, CustomStringConvertible {
  public let scope: QueueScope
  public let value: String

  /// The tenant of jobs that are nobody's.
  public static let system = "system"
  /// Every tenant without limits of its own. It can be limited and not paused.
  public static let everyTenant = "*"

  /// - Throws: ``JobControlError/unknownQueue(_:)`` for a class or kind that does not exist, or a tenant that is no account's id.
  public init(_ scope: QueueScope, _ value: String) throws(JobControlError) {
    self.scope = scope
    switch scope {
    case .jobClass where JobClass(rawValue: value) != nil, .kind where JobKind(rawValue: value) != nil,
      .tenant where value == Self.system || value == Self.everyTenant:
      self.value = value
    case .tenant:
      guard let id = UUID(uuidString: value) else {
        throw .unknownQueue(
          "A tenant is named by its account's id, or is \"system\"; limits may be those of every tenant, \"*\".")
      }
      self.value = id.text
    case .jobClass:
      throw .unknownQueue("A class is one of: \(JobClass.allCases.map(\.rawValue).joined(separator: ", ")).")
    case .kind:
      throw .unknownQueue("A kind is one of: \(JobKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
  }

  public var description: String { "\(scope.rawValue) \(value)" }
}

/// How fast a part of the queue may go; nil is no limit, and for the weight 1.
public struct QueueLimits: Equatable, Sendable {
  /// Jobs under way at a time, over all workers.
  public var concurrency: Int?
  /// Jobs begun in a second, on average.
  public var ratePerSecond: Int?
  /// A tenant's share beside others of its class.
  public var weight: Int?

  /// What may be said.
  public static let concurrencies = 1...10_000, rates = 1...100_000, weights = 1...100

  public init(concurrency: Int? = nil, ratePerSecond: Int? = nil, weight: Int? = nil) {
    self.concurrency = concurrency
    self.ratePerSecond = ratePerSecond
    self.weight = weight
  }
}

extension JobControl {
  // Said again, each is another event and changes nothing. The position tells when the read tables know of it; the relay and the workers
  // learn of it by themselves.

  /// Jobs of this part are not begun any more; those under way go on.
  ///
  /// - Throws: ``JobControlError/unknownQueue(_:)`` for every tenant, or the log's error.
  public func pause(_ queue: QueueName, reason: String? = nil, by asker: Asker) async throws -> Position {
    guard queue.value != QueueName.everyTenant else {
      throw JobControlError.unknownQueue("All tenants are paused by pausing each class.")
    }
    return try await append(QueuePaused(scope: queue.scope, value: queue.value, reason: reason), "pause", queue, asker)
  }

  /// - Throws: the log's error.
  public func resume(_ queue: QueueName, by asker: Asker) async throws -> Position {
    try await append(QueueResumed(scope: queue.scope, value: queue.value), "resume", queue, asker)
  }

  /// Sets all limits of this part, in place of those before.
  ///
  /// - Throws: the log's error.
  public func limit(_ queue: QueueName, to limits: QueueLimits, by asker: Asker) async throws -> Position {
    let event = QueueLimited(
      scope: queue.scope, value: queue.value, concurrency: limits.concurrency, ratePerSecond: limits.ratePerSecond,
      weight: limits.weight)
    return try await append(event, "limit", queue, asker)
  }

  private func append(
    _ event: some DomainEvent, _ verb: String, _ queue: QueueName, _ asker: Asker
  ) async throws -> Position {
    let id = asker.key?.derived("\(verb) queue \(queue)") ?? .v7()
    let new = try NewEvent(event, id: id, actor: asker.account, correlationId: asker.correlationId)
    let stream = StreamName(category: "queue", id: "\(queue.scope.rawValue)-\(queue.value)")
    return try await log.append(to: stream, expected: .any, [new]).last
  }
}
