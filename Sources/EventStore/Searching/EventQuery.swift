// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Which events somebody looks for; what is nil does not restrict, and all that is given must hold.
public struct EventQuery: Hashable, Sendable {
  public var actor: UUID?
  public var owner: UUID?
  public var types: Set<String>?
  /// What stands before the dot of a type, and before the dash of its stream.
  public var category: String?
  public var stream: StreamName?
  public var correlationId: UUID?
  /// Found in the payload as it is read, whatever the case of its letters.
  public var text: String?
  /// The first and the last position.
  public var from = Position(1)
  public var to = Position(.max)

  public init() {}

  /// Whether the payload has the text that is looked for.
  func matchesText(_ event: RecordedEvent) -> Bool {
    guard let text else { return true }
    return String(decoding: event.payload, as: UTF8.self).range(of: text, options: .caseInsensitive) != nil
  }

  /// Whether an index that finds one of the conditions finds all of them.
  var isOfOneCondition: Bool {
    let conditions = [owner != nil, types != nil || category != nil, stream != nil, correlationId != nil]
    return actor == nil && conditions.count { $0 } <= 1
  }
}
