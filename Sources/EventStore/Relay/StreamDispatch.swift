// SPDX-License-Identifier: Apache-2.0

/// An entry for a Redis stream that follows from an event.
public struct StreamDispatch: Hashable, Sendable {
  /// The stream; an event may have one entry in each.
  public var stream: String
  public var fields: [String: String]

  public init(stream: String, fields: [String: String]) {
    self.stream = stream
    self.fields = fields
  }
}
