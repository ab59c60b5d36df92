// SPDX-License-Identifier: Apache-2.0

import Redis

/// An entry that Redis has given to this consumer, and that is pending until it is acknowledged.
struct Delivery: Sendable, Equatable {
  let stream: String
  let id: StreamID
  let fields: [String: String]
  /// How often it was given out, this time included.
  var deliveries = 1

  init(stream: String, id: StreamID, fields: [String: String], deliveries: Int = 1) {
    self.stream = stream
    self.id = id
    self.fields = fields
    self.deliveries = deliveries
  }

  init(_ stream: String, _ entry: StreamEntry, deliveries: Int = 1) {
    self.init(stream: stream, id: entry.id, fields: entry.fields, deliveries: deliveries)
  }

  struct Key: Hashable, Sendable {
    let stream: String
    let id: StreamID
  }

  var key: Key { Key(stream: stream, id: id) }
}
