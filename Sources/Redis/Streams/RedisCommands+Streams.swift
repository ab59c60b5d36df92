// SPDX-License-Identifier: Apache-2.0

extension RedisCommands {
  /// Appends an entry.
  ///
  /// - Parameters:
  ///   - id: nil lets Redis choose. An id not greater than the last is refused: see ``RedisError/isStreamIDTooSmall``.
  ///   - maxLength: trims the oldest entries beyond about this many, read or not.
  @discardableResult
  public func xadd(
    _ stream: String, id: StreamID? = nil, fields: KeyValuePairs<String, RedisArgument>, maxLength: Int? = nil
  ) async throws(RedisError) -> StreamID {
    try await command(.xadd(stream, id: id, fields: fields, maxLength: maxLength)).streamID()
  }

  /// Entries after the given ids, without waiting. `count` holds for each stream.
  public func xread(_ streams: [(stream: String, after: StreamID)], count: Int? = nil) async throws(RedisError)
    -> [StreamBatch]
  {
    try await command(.xread(streams, count: count, block: nil)).streamBatches()
  }

  /// Entries that no consumer of the group has had, without waiting. `count` holds for each stream.
  public func xreadGroup(
    _ group: String, consumer: String, streams: [String], count: Int? = nil
  ) async throws(RedisError) -> [StreamBatch] {
    try await command(.xreadGroup(group, consumer: consumer, streams: streams, count: count, block: nil))
      .streamBatches()
  }

  /// What was delivered to this very consumer and not acknowledged, after an id: to be read first after a start.
  public func xreadGroupPending(
    _ group: String, consumer: String, stream: String, after: StreamID = .zero, count: Int? = nil
  ) async throws(RedisError) -> [StreamEntry] {
    let limit: [RedisArgument] = count.map { ["COUNT", RedisArgument($0)] } ?? []
    let reply = try await command(
      ["XREADGROUP", "GROUP", .string(group), .string(consumer)] + limit
        + ["STREAMS", .string(stream), RedisArgument(after)])
    return try reply.streamBatches().first?.entries ?? []
  }

  /// - Returns: how many were pending.
  @discardableResult
  public func xack(_ stream: String, group: String, ids: [StreamID]) async throws(RedisError) -> Int {
    guard !ids.isEmpty else { return 0 }
    return try await command(.xack(stream, group: group, ids: ids)).count()
  }

  /// - Returns: how many were there.
  @discardableResult
  public func xdel(_ stream: String, ids: [StreamID]) async throws(RedisError) -> Int {
    guard !ids.isEmpty else { return 0 }
    return try await command(.xdel(stream, ids: ids)).count()
  }

  /// Takes over up to `count` entries that were silent for `minIdle`; call it again with ``ClaimedEntries/next`` until that is zero.
  public func xautoclaim(
    _ stream: String, group: String, consumer: String, minIdle: Duration, start: StreamID = .zero, count: Int = 100
  ) async throws(RedisError) -> ClaimedEntries {
    try await command([
      "XAUTOCLAIM", .string(stream), .string(group), .string(consumer), RedisArgument(minIdle.wholeMilliseconds),
      RedisArgument(start), "COUNT", RedisArgument(count),
    ]).claimedEntries()
  }

  /// Takes over the named entries without reading them and without counting a delivery.
  ///
  /// - Returns: those that now belong to `consumer`.
  @discardableResult
  public func xclaimJustID(
    _ stream: String, group: String, consumer: String, minIdle: Duration = .zero, ids: [StreamID]
  ) async throws(RedisError) -> [StreamID] {
    guard !ids.isEmpty else { return [] }
    return try await command(
      ["XCLAIM", .string(stream), .string(group), .string(consumer), RedisArgument(minIdle.wholeMilliseconds)]
        + ids.map { RedisArgument($0) } + ["JUSTID"]
    ).streamIDs()
  }

  /// Pending entries in the order of their ids, from `first` to `last`.
  public func xpending(
    _ stream: String, group: String, consumer: String? = nil, minIdle: Duration? = nil, first: StreamID? = nil,
    last: StreamID? = nil, count: Int = 100
  ) async throws(RedisError) -> [PendingEntry] {
    let idle: [RedisArgument] = minIdle.map { ["IDLE", RedisArgument($0.wholeMilliseconds)] } ?? []
    let range: [RedisArgument] = [first.map { RedisArgument($0) } ?? "-", last.map { RedisArgument($0) } ?? "+"]
    let owner: [RedisArgument] = consumer.map { [.string($0)] } ?? []
    let reply = try await command(
      ["XPENDING", .string(stream), .string(group)] + idle + range + [RedisArgument(count)] + owner)
    guard let items = reply.array else { throw reply.unexpected("a list of pending entries") }
    var entries: [PendingEntry] = []
    for item in items { entries.append(try item.pendingEntry()) }
    return entries
  }

  /// Creates the group, and the stream if need be.
  ///
  /// - Parameter after: the first entry to be delivered is the one after this.
  /// - Returns: false when the group was there; it is then left as it is.
  @discardableResult
  public func xgroupCreate(_ stream: String, group: String, after: StreamID = .zero) async throws(RedisError) -> Bool {
    do throws(RedisError) {
      _ = try await command(["XGROUP", "CREATE", .string(stream), .string(group), RedisArgument(after), "MKSTREAM"])
      return true
    } catch  where error.serverCode == "BUSYGROUP" {
      return false
    }
  }

  /// Forgets a consumer. What is pending for it is dropped for good, so claim that first.
  ///
  /// - Returns: how many pending entries were dropped.
  @discardableResult
  public func xgroupDeleteConsumer(_ stream: String, group: String, consumer: String) async throws(RedisError) -> Int {
    try await command(["XGROUP", "DELCONSUMER", .string(stream), .string(group), .string(consumer)]).count()
  }

  public func xlen(_ stream: String) async throws(RedisError) -> Int {
    try await command(["XLEN", .string(stream)]).count()
  }

  /// Entries from the oldest, after an id.
  public func xrange(_ stream: String, after: StreamID? = nil, count: Int) async throws(RedisError) -> [StreamEntry] {
    let from: RedisArgument = after.map { "(\($0)" } ?? "-"
    return try await command(["XRANGE", .string(stream), from, "+", "COUNT", RedisArgument(count)]).streamEntries()
  }

  /// Entries from the newest.
  public func xrevrange(_ stream: String, count: Int) async throws(RedisError) -> [StreamEntry] {
    try await command(["XREVRANGE", .string(stream), "+", "-", "COUNT", RedisArgument(count)]).streamEntries()
  }

  /// The newest entry, or nil if the stream is empty.
  public func newestEntry(_ stream: String) async throws(RedisError) -> StreamEntry? {
    try await xrevrange(stream, count: 1).first
  }

  /// Empty when there is no such stream.
  public func xinfoGroups(_ stream: String) async throws(RedisError) -> [StreamGroup] {
    var groups: [StreamGroup] = []
    for item in try await info("GROUPS", [.string(stream)]) {
      let attributes = try item.attributes()
      guard let name = attributes["name"]?.string, let consumers = attributes["consumers"]?.int,
        let pending = attributes["pending"]?.int, let last = attributes["last-delivered-id"]
      else { throw item.unexpected("a group") }
      groups.append(
        StreamGroup(
          name: name, consumers: consumers, pending: pending, lastDelivered: try last.streamID(),
          lag: attributes["lag"]?.int))
    }
    return groups
  }

  /// Empty when there is no such stream.
  public func xinfoConsumers(_ stream: String, group: String) async throws(RedisError) -> [StreamConsumer] {
    var consumers: [StreamConsumer] = []
    for item in try await info("CONSUMERS", [.string(stream), .string(group)]) {
      let attributes = try item.attributes()
      guard let name = attributes["name"]?.string, let pending = attributes["pending"]?.int,
        let idle = attributes["idle"]?.int
      else { throw item.unexpected("a consumer") }
      consumers.append(StreamConsumer(name: name, pending: pending, idle: .milliseconds(idle)))
    }
    return consumers
  }

  /// Drops the entries below `minID`, read or not.
  ///
  /// - Returns: how many were dropped.
  @discardableResult
  public func xtrim(_ stream: String, minID: StreamID) async throws(RedisError) -> Int {
    try await command(["XTRIM", .string(stream), "MINID", RedisArgument(minID)]).count()
  }

  private func info(_ what: RedisArgument, _ names: [RedisArgument]) async throws(RedisError) -> [RedisValue] {
    do throws(RedisError) {
      let reply = try await command(["XINFO", what] + names)
      guard let items = reply.array else { throw reply.unexpected("a list") }
      return items
    } catch  where error.message == "ERR no such key" {
      return []
    }
  }
}

extension Duration {
  /// Rounded up, so that a wait that was asked for never becomes 0 (which Redis takes for "for ever" after BLOCK).
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let unit: Int64 = 1_000_000_000_000_000
    return seconds * 1000 + attoseconds / unit + (attoseconds % unit > 0 ? 1 : 0)
  }
}
