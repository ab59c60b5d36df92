// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation
public import Redis

/// What follows for the job queue from the events of the log: jobs, what was cancelled, pauses and limits.
public struct JobRelay: RelayTarget {
  private let log: any EventLog
  private let resumePosition: @Sendable () async throws -> Position

  /// - Parameter resumePosition: every job queued at or before it has ended. Asked when Redis is empty.
  public init(log: any EventLog, resumePosition: @escaping @Sendable () async throws -> Position) {
    self.log = log
    self.resumePosition = resumePosition
  }

  public static var typesBringingWork: Set<String> { QueuedJob.eventTypes }

  public func words(following events: [RecordedEvent]) -> [RedisArgument] {
    var ready: [JobEntry] = []
    var others: [RedisArgument] = []
    let now = Date()
    for event in events {
      if let job = try? QueuedJob(event) {
        if job.since > now {
          others += ["delay", RedisArgument(job.since.millisecondsSince1970), .string(job.entry.member)]
        } else {
          ready.append(job.entry)
        }
      } else if event.type == JobCancelled.eventType, let job = try? event.decode(JobCancelled.self) {
        others += ["cancel", .string(job.jobId.text), RedisArgument(event.recordedAt.millisecondsSince1970)]
      } else {
        others += QueueControl.words(for: event)
      }
    }
    return Lane.grouping(ready).flatMap { ["lane", .string($0), .string($1), .string($2)] + Lane.words($3) } + others
  }

  public func beginning() async throws -> (after: Position, words: [RedisArgument]) {
    let after = try await resumePosition()
    // All of them, because they hold until others take their place; there are as many as administrators had things to say.
    let events = try await log.read(after: .start, limit: .max, filter: .types(QueueControl.eventTypes))
    return (after, events.flatMap(QueueControl.words))
  }

  public static let script =
    QueueLua.functions + """
      -- What is left belongs to another log, or to an earlier program.
      local function begin()
        for _, key in ipairs(redis.call('KEYS', 'jobs:*')) do
          if key ~= 'jobs:dead' then redis.call('UNLINK', key) end
        end
      end

      local function set(field, value)
        if value == '' then redis.call('HDEL', 'jobs:control', field)
        else redis.call('HSET', 'jobs:control', field, value) end
      end

      -- An event that comes again does not undo what a later one said.
      local function is_newer(field, position)
        if tonumber(redis.call('HGET', 'jobs:control:at', field) or 0) >= tonumber(position) then return false end
        redis.call('HSET', 'jobs:control:at', field, position)
        return true
      end

      local function apply(i)
        while i <= #ARGV do
          local what = ARGV[i]
          if what == 'lane' then
            local last = i + 4 + ARGV[i + 4]
            add('RPUSH', ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], {unpack(ARGV, i + 5, last)})
            i = last + 1
          elseif what == 'delay' then
            delay(ARGV[i + 1], ARGV[i + 2])
            i = i + 3
          elseif what == 'cancel' then
            redis.call('ZADD', 'jobs:cancelled', ARGV[i + 2], ARGV[i + 1])
            redis.call('ZREMRANGEBYSCORE', 'jobs:cancelled', '-inf', ARGV[i + 2] - 3600000)
            i = i + 3
          elseif what == 'pause' then
            if is_newer('pause ' .. ARGV[i + 2], ARGV[i + 1]) then set('paused ' .. ARGV[i + 2], ARGV[i + 3]) end
            wake_all()
            i = i + 4
          elseif what == 'limit' then
            if is_newer('limit ' .. ARGV[i + 2], ARGV[i + 1]) then
              set('concurrency ' .. ARGV[i + 2], ARGV[i + 3])
              set('rate ' .. ARGV[i + 2], ARGV[i + 4])
              set('weight ' .. ARGV[i + 2], ARGV[i + 5])
              redis.call('HDEL', 'jobs:rate', ARGV[i + 2])
            end
            wake_all()
            i = i + 6
          else
            error('no such word: ' .. what)
          end
        end
      end

      """
}
