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
  let classes: [JobClass]
  /// What this consumer knows to do.
  let kinds: [JobKind]
  private let redis: RedisClient
  private let waiting: RedisBlockingConnection
  private let acknowledgements: AcknowledgementBatcher

  init(redis: RedisClient, consumer: String, classes: Set<JobClass>, kinds: Set<JobKind> = Set(JobKind.allCases)) {
    self.redis = redis
    self.consumer = consumer
    self.classes = JobKeys.byUrgency(classes)
    self.kinds = JobKind.allCases.filter(kinds.contains)
    waiting = redis.blockingConnection()
    acknowledgements = AcknowledgementBatcher(redis: redis)
  }

  var streams: [String] { classes.map(JobKeys.stream) }

  func close() async { await waiting.close() }

  /// Makes the group of each stream, from its beginning.
  func createGroups() async throws(RedisError) {
    for stream in streams { try await redis.xgroupCreate(stream, group: JobKeys.group) }
  }

  /// What was taken, and in how long there may be more without anybody's doing: nil when there will not.
  struct Taken: Sendable {
    var deliveries: [Delivery]
    var next: Duration?
  }

  /// Up to `room` jobs, without waiting.
  func take(_ room: Int) async throws(RedisError) -> Taken {
    let reply = try await redis.evaluate(
      TakeScript.script,
      arguments: [.string(JobKeys.group), .string(consumer), RedisArgument(room), RedisArgument(classes.count)]
        + classes.map { .string($0.rawValue) } + kinds.map { .string($0.rawValue) })
    guard let parts = reply.array, let next = parts.first?.int else {
      throw RedisError(.decoding, "Taking jobs was answered with \(reply).")
    }
    let batches = try RedisValue.array(Array(parts.dropFirst())).streamBatches()
    return Taken(
      deliveries: batches.flatMap { batch in batch.entries.map { Delivery(batch.stream, $0) } },
      next: next < 0 ? nil : .milliseconds(next))
  }

  /// Returns when there may be something to take, or when the time is up.
  func wait(upTo limit: Duration) async throws(RedisError) {
    // Redis takes 0 for "for ever".
    let seconds = max(0.001, limit / .seconds(1))
    _ = try await waiting.command(
      ["BLPOP"] + classes.map { .string(JobKeys.wake($0)) } + [.string(String(seconds))], wait: limit)
  }

  /// Puts jobs at the ends of their lanes.
  func add(_ entries: [JobEntry]) async throws(RedisError) {
    guard !entries.isEmpty else { return }
    _ = try await redis.evaluate(
      JobScripts.add,
      arguments: ["RPUSH"]
        + Lane.grouping(entries).flatMap { [.string($0), .string($1), .string($2)] + Lane.words($3) })
  }

  /// What this consumer was given and never ended: by an earlier process of the same name, or in a reply that got lost.
  func ownPending(_ stream: String, after: StreamID, limit: Int) async throws(RedisError) -> [Delivery] {
    let entries = try await redis.xreadGroupPending(
      JobKeys.group, consumer: consumer, stream: stream, after: after, count: limit)
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
          stream, group: JobKeys.group, consumer: consumer, minIdle: silence, start: next,
          count: room - rescued.count)
        rescued += try await withDeliveries(stream, claimed.entries)
        next = claimed.next
      } while next != .zero
    }
    return rescued
  }

  /// The jobs are done with: out of the pending list and out of the stream. Calls that come close together travel together.
  func acknowledge(_ deliveries: [Delivery]) async throws(RedisError) {
    try await acknowledgements.acknowledge(deliveries)
  }

  /// Not before `due`.
  func postpone(_ delivery: Delivery, _ entry: JobEntry, until due: Date) async throws(RedisError) {
    _ = try await redis.evaluate(
      JobScripts.postpone,
      arguments: delivery.words + [RedisArgument(due.millisecondsSince1970), .string(entry.member)])
  }

  /// Keeps the entry as it came, with the reason and the place it came from.
  func bury(_ delivery: Delivery, reason: String, job: UUID? = nil) async throws(RedisError) {
    var fields = delivery.fields
    fields["stream"] = delivery.stream
    fields["entry"] = delivery.id.description
    fields["reason"] = reason
    if let job { fields["job"] = job.text }
    _ = try await redis.evaluate(
      JobScripts.bury,
      arguments: delivery.words
        + fields.sorted { $0.key < $1.key }.flatMap { [.string($0.key), .string($0.value)] })
  }

  /// Gives entries of a stream to whoever takes them next. Returns how many were still this consumer's.
  func handBack(_ stream: String, _ entries: [(delivery: Delivery, entry: JobEntry)]) async throws(RedisError) -> Int {
    let words: [RedisArgument] = entries.flatMap { delivery, entry in
      [RedisArgument(delivery.id), .string(entry.kind.rawValue), .string(entry.tenant), .string(entry.job)]
    }
    return try await redis.evaluate(
      JobScripts.handBack, arguments: [.string(JobKeys.group), .string(consumer), .string(stream)] + words
    ).int ?? 0
  }

  /// Passes on a wake-up that this consumer may have had and will not follow.
  func wakeOthers() async throws(RedisError) { _ = try await redis.evaluate(JobScripts.wake) }

  /// Forgets consumers without entries that were silent for `idle`; with `name`, only that one.
  func forgetConsumers(idle: Duration, name: String = "") async throws(RedisError) {
    for stream in streams {
      _ = try await redis.evaluate(
        JobScripts.forget,
        arguments: [
          .string(JobKeys.group), RedisArgument(Int64(idle / .milliseconds(1))), .string(name), .string(stream),
        ])
    }
  }

  /// Jobs that wait or are under way by class, and those that are delayed, under the names of their keys. Also looks after the counts.
  func lengths() async throws(RedisError) -> [String: Int] {
    _ = try await redis.evaluate(JobScripts.settle)
    let replies = try await redis.pipeline(
      classes.map { ["HVALS", .string("jobs:waiting:\($0.rawValue)")] }
        + streams.map { ["XLEN", .string($0)] } + [["ZCARD", .string(JobKeys.delayed)]])
    let waiting = replies.prefix(classes.count).map { ($0.array ?? []).reduce(0) { $0 + ($1.int ?? 0) } }
    let counts = replies.dropFirst(classes.count).map { $0.int ?? 0 }
    var lengths = Dictionary(uniqueKeysWithValues: zip(streams, zip(waiting, counts).map { $0 + $1 }))
    lengths[JobKeys.delayed] = counts.last
    return lengths
  }

  private func withDeliveries(_ stream: String, _ entries: [StreamEntry]) async throws(RedisError) -> [Delivery] {
    guard let first = entries.first?.id, let last = entries.last?.id else { return [] }
    let pending = try await redis.xpending(
      stream, group: JobKeys.group, consumer: consumer, first: first, last: last, count: 10_000)
    let counts = Dictionary(pending.map { ($0.id, $0.deliveries) }) { first, _ in first }
    return entries.map { Delivery(stream, $0, deliveries: counts[$0.id] ?? 1) }
  }
}

extension Delivery {
  /// As scripts want it that let go of one entry: group, stream, id, kind, tenant.
  fileprivate var words: [RedisArgument] {
    [
      .string(JobKeys.group), .string(stream), RedisArgument(id), .string(fields["kind"] ?? ""),
      .string(fields["tenant"] ?? ""),
    ]
  }
}

extension Date {
  var millisecondsSince1970: Int64 { Int64(timeIntervalSince1970 * 1000) }

  init(millisecondsSince1970 milliseconds: Int64) {
    self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
  }
}
