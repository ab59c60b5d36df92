// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Postgres

/// What goes by itself, and when: asked before a policy is changed, and by whoever wonders where the room is.
public struct RetentionForecast: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Files in the trash. Their bytes are what owners get back of their quotas; the disk's follow under ``removedBytes``.
    case trash
    /// Bytes on the disk that no file has any more.
    case removedBytes
    /// Jobs that succeeded, were cancelled or were discarded. Their bytes are those of rows, indexes included, as they are on average.
    case finishedJobs
    /// Sign-ins.
    case sessions
    /// Answers to writes with an `Idempotency-Key`.
    case keptAnswers
    /// Read tables that a rebuild has replaced.
    case replacedTables
  }

  /// How much goes until a time.
  public struct Amount: Sendable, Equatable {
    public var items: Int64
    public var bytes: Int64
  }

  public var kind: Kind
  /// Due already: at the next round.
  public var now: Amount
  public var withinDay: Amount
  public var withinWeek: Amount
  public var withinMonth: Amount
  /// All there are, those that never go included.
  public var all: Amount

  public struct Policy: Sendable {
    /// Nil: nothing goes by itself.
    public var trash: Duration?
    public var reclaimGrace: Duration
    /// Nil: they stay.
    public var jobs: Duration?
    public var answers: Duration
    public var replacedTables: Duration

    public init(
      trash: Duration?, reclaimGrace: Duration, jobs: Duration?, answers: Duration, replacedTables: Duration
    ) {
      self.trash = trash
      self.reclaimGrace = reclaimGrace
      self.jobs = jobs
      self.answers = answers
      self.replacedTables = replacedTables
    }
  }

  /// One for each kind, also where there is nothing of it.
  public static func read(_ policy: Policy, in pool: PostgresPool) async throws -> [RetentionForecast] {
    let rows = try await pool.query(statement(policy))
    return try rows.compactMap { row in
      let (name, now, nowBytes, day, dayBytes, week, weekBytes, month, monthBytes, all, allBytes) = try row.decode(
        (String, Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64).self)
      return Kind(rawValue: name).map {
        RetentionForecast(
          kind: $0, now: .init(items: now, bytes: nowBytes), withinDay: .init(items: day, bytes: dayBytes),
          withinWeek: .init(items: week, bytes: weekBytes), withinMonth: .init(items: month, bytes: monthBytes),
          all: .init(items: all, bytes: allBytes))
      }
    }
  }

  private static func statement(_ policy: Policy) -> Query {
    let trash = policy.trash.map { $0 / .seconds(1) }
    let jobs = policy.jobs.map { $0 / .seconds(1) }
    return """
      WITH kind (number, name) AS (
        SELECT ordinality, name FROM unnest(\(Kind.allCases.map(\.rawValue))) WITH ORDINALITY AS given (name, ordinality)
      ), item (name, goes_at, bytes) AS (
        SELECT 'trash', coalesce(trashed_at + make_interval(secs => \(trash)), 'infinity'), size
        FROM files.file
        WHERE state = 'trashed'
        UNION ALL
        SELECT 'removedBytes', condemned_at + make_interval(secs => \(policy.reclaimGrace / .seconds(1))), condemned_bytes
        FROM reclaim.candidate
        WHERE condemned_at IS NOT NULL
        UNION ALL
        SELECT 'finishedJobs', coalesce(finished_at + make_interval(secs => \(jobs)), 'infinity'), bytes_each
        FROM jobs.job
        CROSS JOIN (
          SELECT (pg_total_relation_size(oid) / greatest(reltuples, 1))::bigint AS bytes_each
          FROM pg_class
          WHERE oid = 'jobs.job'::regclass
        ) AS size
        WHERE state IN ('succeeded', 'cancelled', 'discarded')
        UNION ALL
        SELECT 'sessions', expires_at, 0 FROM account.session
        UNION ALL
        SELECT 'keptAnswers', claimed_at + make_interval(secs => \(policy.answers / .seconds(1))), coalesce(octet_length(body), 0)
        FROM server.kept_answer
        UNION ALL
        SELECT 'replacedTables', previous.replaced_at + make_interval(secs => \(policy.replacedTables / .seconds(1))),
          coalesce(sum(pg_total_relation_size(c.oid)), 0)
        FROM projection.previous
        LEFT JOIN pg_namespace n ON n.nspname = previous.name || '_previous'
        LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
        GROUP BY previous.name, previous.replaced_at
      )
      SELECT kind.name,
        \(Self.amount("0 s")), \(Self.amount("1 day")), \(Self.amount("7 days")), \(Self.amount("30 days")),
        count(goes_at), coalesce(sum(bytes), 0)::bigint
      FROM kind LEFT JOIN item USING (name)
      GROUP BY kind.number, kind.name
      ORDER BY kind.number
      """
  }

  private static func amount(_ span: String) -> Query {
    let until: Query = "goes_at <= now() + \(span)::text::interval"
    return "count(*) FILTER (WHERE \(until)), coalesce(sum(bytes) FILTER (WHERE \(until)), 0)::bigint"
  }
}
