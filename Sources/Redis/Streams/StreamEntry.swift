// SPDX-License-Identifier: Apache-2.0

/// One entry of a stream.
public struct StreamEntry: Sendable, Equatable {
  public let id: StreamID
  /// Bytes that are not UTF-8 are replaced by U+FFFD: such an entry can then be refused by whoever reads it.
  public let fields: [String: String]

  public init(id: StreamID, fields: [String: String]) {
    self.id = id
    self.fields = fields
  }

  /// It was still pending when it was deleted: only the id is left. (A live entry has at least one field.)
  public var isDeleted: Bool { fields.isEmpty }
}

/// What a read found in one stream.
public struct StreamBatch: Sendable, Equatable {
  public let stream: String
  public let entries: [StreamEntry]

  public init(stream: String, entries: [StreamEntry]) {
    self.stream = stream
    self.entries = entries
  }
}

/// An entry that was delivered to a consumer and not yet acknowledged.
public struct PendingEntry: Sendable, Equatable {
  public let id: StreamID
  public let consumer: String
  /// Since it was last delivered or claimed.
  public let idle: Duration
  public let deliveries: Int
}

/// One step of XAUTOCLAIM.
public struct ClaimedEntries: Sendable, Equatable {
  /// Where to go on; ``StreamID/zero`` once all was looked at.
  public let next: StreamID
  public let entries: [StreamEntry]
  /// Were pending, but are gone from the stream; Redis has dropped them.
  public let deleted: [StreamID]
}

/// A line of XINFO GROUPS.
public struct StreamGroup: Sendable, Equatable {
  public let name: String
  public let consumers: Int
  public let pending: Int
  public let lastDelivered: StreamID
  /// Entries not yet delivered to the group; nil when Redis cannot tell (entries were deleted from the middle).
  public let lag: Int?
}

/// A line of XINFO CONSUMERS.
public struct StreamConsumer: Sendable, Equatable {
  public let name: String
  public let pending: Int
  public let idle: Duration
}
