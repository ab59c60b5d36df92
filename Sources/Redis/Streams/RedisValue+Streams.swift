// SPDX-License-Identifier: Apache-2.0

extension RedisValue {
  func streamID() throws(RedisError) -> StreamID {
    guard let id = string.flatMap({ StreamID($0) }) else { throw unexpected("the id of a stream's entry") }
    return id
  }

  /// `[id, [field, value, …]]`, or `[id, nil]` for a pending entry that was deleted.
  func streamEntry() throws(RedisError) -> StreamEntry {
    guard let parts = array, parts.count == 2 else { throw unexpected("a stream's entry") }
    let id = try parts[0].streamID()
    guard let words = parts[1].array else { return StreamEntry(id: id, fields: [:]) }
    var fields: [String: String] = [:]
    fields.reserveCapacity(words.count / 2)
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      fields[words[index].lossyText] = words[index + 1].lossyText
    }
    return StreamEntry(id: id, fields: fields)
  }

  func streamEntries() throws(RedisError) -> [StreamEntry] {
    guard let items = array else { throw unexpected("a list of entries") }
    var entries: [StreamEntry] = []
    entries.reserveCapacity(items.count)
    for item in items where !item.isNull { entries.append(try item.streamEntry()) }
    return entries
  }

  /// `[[stream, entries], …]`, or null when the wait was in vain: what XREAD and XREADGROUP answer, also out of a script.
  public func streamBatches() throws(RedisError) -> [StreamBatch] {
    if isNull { return [] }
    guard let items = array else { throw unexpected("a list of streams") }
    var batches: [StreamBatch] = []
    for item in items {
      guard let parts = item.array, parts.count == 2, let stream = parts[0].string else { throw unexpected("a stream") }
      batches.append(StreamBatch(stream: stream, entries: try parts[1].streamEntries()))
    }
    return batches
  }

  /// `[next, entries, deleted]`.
  func claimedEntries() throws(RedisError) -> ClaimedEntries {
    guard let parts = array, parts.count >= 2 else { throw unexpected("claimed entries") }
    let deleted = parts.count > 2 ? try parts[2].streamIDs() : []
    return ClaimedEntries(next: try parts[0].streamID(), entries: try parts[1].streamEntries(), deleted: deleted)
  }

  func streamIDs() throws(RedisError) -> [StreamID] {
    guard let items = array else { throw unexpected("a list of ids") }
    var ids: [StreamID] = []
    for item in items { ids.append(try item.streamID()) }
    return ids
  }

  /// `[id, consumer, idle milliseconds, deliveries]`.
  func pendingEntry() throws(RedisError) -> PendingEntry {
    guard let parts = array, parts.count == 4, let consumer = parts[1].string, let idle = parts[2].int,
      let deliveries = parts[3].int
    else { throw unexpected("a pending entry") }
    return PendingEntry(
      id: try parts[0].streamID(), consumer: consumer, idle: .milliseconds(idle), deliveries: deliveries)
  }

  /// `[name, value, name, value, …]`, as XINFO answers.
  func attributes() throws(RedisError) -> [String: RedisValue] {
    guard let words = array else { throw unexpected("a list of attributes") }
    var attributes: [String: RedisValue] = [:]
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      attributes[words[index].lossyText] = words[index + 1]
    }
    return attributes
  }

  /// An integer reply that a command always gives.
  func count() throws(RedisError) -> Int {
    guard let number = int else { throw unexpected("a number") }
    return number
  }

  func unexpected(_ wanted: String) -> RedisError {
    RedisError(.decoding, "Redis answered with \(self) where \(wanted) was due.")
  }

  private var lossyText: String {
    if case .bulk(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { string ?? "" }
  }
}
