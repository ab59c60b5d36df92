// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Redis

/// The Redis side of jobs, for one consumer.
///
/// At least once: an entry stays pending until it is acknowledged, and moves on only by scripts that are one step.
final class JobQueue: Sendable {
  let consumer: String
  /// The most urgent first.
  let streams: [String]
  private let redis: RedisClient
  private let waiting: RedisBlockingConnection
  private let acknowledgements: AcknowledgementBatcher

  init(redis: RedisClient, consumer: String, classes: Set<JobClass>) {
    self.redis = redis
    self.consumer = consumer
    streams = JobStreams.byPriority(classes)
    waiting = redis.blockingConnection()
    acknowledgements = AcknowledgementBatcher(redis: redis)
  }

  func close() async { await waiting.close() }

  /// Makes the group of each stream, from its beginning. After a flush of Redis the next read asks for it again.
  func createGroups() async throws(RedisError) {
    for stream in streams { try await redis.xgroupCreate(stream, group: JobStreams.group) }
  }

  /// Up to `room` new entries, without waiting.
  ///
  /// - Parameter fromTheEnd: least urgent first, so that urgent work cannot hold back the rest for ever.
  func take(_ room: Int, fromTheEnd: Bool) async throws(RedisError) -> [Delivery] {
    let order = fromTheEnd ? streams.reversed() : streams
    let reply = try await redis.evaluate(
      JobScripts.take, keys: order.map { .string($0) },
      arguments: [.string(JobStreams.group), .string(consumer), RedisArgument(room)])
    return try reply.streamBatches().flatMap { batch in batch.entries.map { Delivery(batch.stream, $0) } }
  }

  /// The first entry of each stream, as soon as one has any.
  func wait(upTo block: Duration) async throws(RedisError) -> [Delivery] {
    let batches = try await waiting.xreadGroup(
      JobStreams.group, consumer: consumer, streams: streams, count: 1, block: block)
    return batches.flatMap { batch in batch.entries.map { Delivery(batch.stream, $0) } }
  }

  /// What this consumer was given and never ended: by an earlier process of the same name, or in a reply that got lost.
  func ownPending(_ stream: String, after: StreamID, limit: Int) async throws(RedisError) -> [Delivery] {
    let entries = try await redis.xreadGroupPending(
      JobStreams.group, consumer: consumer, stream: stream, after: after, count: limit)
    return try await withDeliveries(stream, entries)
  }

  /// Takes over up to `room` entries of workers that were silent for `silence`.
  func rescue(_ room: Int, silence: Duration) async throws(RedisError) -> [Delivery] {
    var rescued: [Delivery] = []
    for stream in streams {
      var next = StreamID.zero
      repeat {
        guard rescued.count < room else { return rescued }
        let claimed = try await redis.xautoclaim(
          stream, group: JobStreams.group, consumer: consumer, minIdle: silence, start: next,
          count: room - rescued.count)
        rescued += try await withDeliveries(stream, claimed.entries)
        next = claimed.next
      } while next != .zero
    }
    return rescued
  }

  /// The job is done with: out of the pending list and out of the stream. Calls that come close together travel together.
  func acknowledge(_ delivery: Delivery) async throws(RedisError) {
    try await acknowledgements.acknowledge(delivery)
  }

  /// Not before `due`.
  func postpone(_ delivery: Delivery, _ entry: JobEntry, until due: Date) async throws(RedisError) {
    _ = try await redis.evaluate(
      JobScripts.postpone, keys: [.string(delivery.stream), .string(JobStreams.delayed)],
      arguments: [
        .string(JobStreams.group), RedisArgument(delivery.id),
        RedisArgument(Int64(due.timeIntervalSince1970 * 1000)), .string(entry.json),
      ])
  }

  /// Keeps the entry as it came, with the reason and the place it came from.
  func bury(_ delivery: Delivery, reason: String) async throws(RedisError) {
    var fields = delivery.fields
    fields["stream"] = delivery.stream
    fields["entry"] = delivery.id.description
    fields["reason"] = reason
    _ = try await redis.evaluate(
      JobScripts.bury, keys: [.string(delivery.stream), .string(JobStreams.dead)],
      arguments: [.string(JobStreams.group), RedisArgument(delivery.id), RedisArgument(JobStreams.deadLimit)]
        + fields.sorted { $0.key < $1.key }.flatMap { [.string($0.key), .string($0.value)] })
  }

  /// Gives an entry to whoever takes it next, without using an attempt. False when another consumer has it already.
  func handBack(_ delivery: Delivery, _ entry: JobEntry) async throws(RedisError) -> Bool {
    let reply = try await redis.evaluate(
      JobScripts.handBack, keys: [.string(delivery.stream), .string(JobStreams.retry)],
      arguments: [.string(JobStreams.group), .string(consumer), RedisArgument(delivery.id)]
        + entry.fields.flatMap { [.string($0.key), .string($0.value)] })
    return reply.int == 1
  }

  /// Moves jobs whose pause is over into the retry stream, and returns how many.
  func wakeDelayed(limit: Int = 500) async throws(RedisError) -> Int {
    try await redis.evaluate(
      JobScripts.wake, keys: [.string(JobStreams.delayed), .string(JobStreams.retry), .string(JobStreams.dead)],
      arguments: [RedisArgument(limit)]
    ).int ?? 0
  }

  /// Forgets consumers without entries that were silent for `idle`; with `name`, only that one.
  func forgetConsumers(idle: Duration, name: String = "") async throws(RedisError) {
    for stream in streams {
      _ = try await redis.evaluate(
        JobScripts.forget, keys: [.string(stream)],
        arguments: [
          .string(JobStreams.group), RedisArgument(Int64(idle / .milliseconds(1))), .string(name),
        ])
    }
  }

  /// Entries of each stream, and of the set of delayed jobs under its own name.
  func lengths() async throws(RedisError) -> [String: Int] {
    let replies = try await redis.pipeline(
      streams.map { ["XLEN", .string($0)] } + [["ZCARD", .string(JobStreams.delayed)]])
    return Dictionary(uniqueKeysWithValues: zip(streams + [JobStreams.delayed], replies.map { $0.int ?? 0 }))
  }

  private func withDeliveries(_ stream: String, _ entries: [StreamEntry]) async throws(RedisError) -> [Delivery] {
    guard let first = entries.first?.id, let last = entries.last?.id else { return [] }
    let pending = try await redis.xpending(
      stream, group: JobStreams.group, consumer: consumer, first: first, last: last, count: 10_000)
    let counts = Dictionary(pending.map { ($0.id, $0.deliveries) }) { first, _ in first }
    return entries.map { Delivery(stream, $0, deliveries: counts[$0.id] ?? 1) }
  }
}
