// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Redis

/// Entries that workers found in Redis and that are no jobs: nobody can do them, and the log knows nothing of them.
///
/// They stand with the dead letters in `jobs:dead`, which keeps the last ten thousand. Only the newest ``limit`` of these are looked at.
public struct StrayEntries: Sendable, Equatable {
  /// As if it were the fingerprint of dead letters.
  public static let fingerprint = "entry.undecodable"
  public static let limit = 1000

  public var count = 0
  public var firstAt: Date?
  public var lastAt: Date?
  /// Of the newest.
  public var reason: String?

  /// - Throws: Redis' error.
  public init(in redis: RedisClient) async throws(RedisError) {
    for entry in try await redis.xrevrange("jobs:dead", count: Self.limit) where entry.fields["job"] == nil {
      let at = Date(timeIntervalSince1970: Double(entry.id.milliseconds) / 1000)
      count += 1
      firstAt = at
      lastAt = lastAt ?? at
      reason = reason ?? entry.fields["reason"]
    }
  }
}
