// SPDX-License-Identifier: Apache-2.0

import Domain

/// Turns a payload of one schema version into the next.
public struct Upcaster: Sendable {
  public let type: String
  /// The version it reads; it writes the next.
  public let from: Int
  /// Pure: it sees the payload and nothing else.
  public let transform: @Sendable ([UInt8]) throws -> [UInt8]

  public init(type: String, from: Int, transform: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
    self.type = type
    self.from = from
    self.transform = transform
  }

  /// Over the payload's members.
  public init(
    type: String, from: Int, object transform: @escaping @Sendable (inout [String: JSONValue]) throws -> Void
  ) {
    self.init(type: type, from: from) { payload in
      var object = try CanonicalJSON.decode([String: JSONValue].self, from: payload)
      try transform(&object)
      return try CanonicalJSON.encode(object)
    }
  }
}

/// How old payloads become today's, step by step, when they are read. Stored rows never change.
public struct Upcasters: Sendable {
  public static let none = Upcasters([])

  private struct Key: Hashable {
    let type: String
    let version: Int
  }

  private let steps: [Key: Upcaster]

  /// - Precondition: one step for each type and version.
  public init(_ steps: [Upcaster]) {
    self.steps = Dictionary(steps.map { (Key(type: $0.type, version: $0.from), $0) }) { first, _ in
      preconditionFailure("two upcasters read \(first.type) version \(first.from)")
    }
  }

  /// Applies every step there is, from the event's version on.
  /// - Throws: what a step threw; the event is unchanged then.
  public func apply(to event: inout RecordedEvent) throws {
    guard !steps.isEmpty else { return }
    var upcast = event
    while let step = steps[Key(type: event.type, version: upcast.schemaVersion)] {
      do {
        upcast.payload = try step.transform(upcast.payload)
      } catch {
        throw EventDecodingError(event, "upcasting from version \(step.from) failed: \(error)")
      }
      upcast.schemaVersion += 1
    }
    event = upcast
  }
}
