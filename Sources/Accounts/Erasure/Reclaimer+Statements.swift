// SPDX-License-Identifier: Apache-2.0

import Postgres

extension Reclaimer {
  /// Where an append follows in the same transaction, the head is read before it: what came before is all below it.
  static func offer(_ digests: [String]) -> Query {
    """
    INSERT INTO reclaim.candidate (digest, position)
    SELECT digest, (SELECT position FROM log.head)
    FROM unnest(\(digests)) AS offered (digest)
    ON CONFLICT (digest) DO NOTHING
    """
  }

  /// Candidates that the read table of contents knows enough about, each with its number of files there.
  static func lockOffered(limit: Int) -> Query {
    """
    SELECT candidate.digest, coalesce(content.files, 0)
    FROM reclaim.candidate
    JOIN projection.checkpoint ON checkpoint.name = 'savings' AND checkpoint.position >= candidate.position
    LEFT JOIN savings.content ON content.digest = candidate.digest
    WHERE candidate.condemned_at IS NULL
    ORDER BY candidate.digest
    LIMIT \(limit)
    FOR UPDATE OF candidate SKIP LOCKED
    """
  }

  /// Whether a pass would find anything.
  static func isDue(after grace: Duration) -> Query {
    """
    SELECT EXISTS (
      SELECT FROM reclaim.candidate
      WHERE condemned_at IS NULL
        OR condemned_at < clock_timestamp() - make_interval(secs => \(grace / .seconds(1)))
    ) OR EXISTS (
      SELECT FROM log.event WHERE type = 'file.removed' AND position > (SELECT position FROM reclaim.progress)
    )
    """
  }

  /// The row that says how far the log was searched, locked, and where the log is.
  static let lockProgress: Query =
    "SELECT progress.position, head.position FROM reclaim.progress, log.head FOR UPDATE OF progress"

  static func removed(after position: Int64, upTo head: Int64, limit: Int) -> Query {
    """
    SELECT position, payload ->> 'digest'
    FROM log.event
    WHERE type = 'file.removed' AND position > \(position) AND position <= \(head)
    ORDER BY position
    LIMIT \(limit)
    """
  }

  static func progress(to position: Int64) -> Query { "UPDATE reclaim.progress SET position = \(position)" }

  static func lockDue(after grace: Duration, limit: Int) -> Query {
    """
    SELECT digest, condemned_bytes
    FROM reclaim.candidate
    WHERE condemned_at < clock_timestamp() - make_interval(secs => \(grace / .seconds(1)))
    ORDER BY digest
    LIMIT \(limit)
    FOR UPDATE SKIP LOCKED
    """
  }

  /// Those that files have, by the log and nothing else: what is removed on the word of a read table could be lost by its mistake.
  static func referenced(among digests: [String]) -> Query {
    """
    SELECT payload ->> 'digest'
    FROM log.event
    WHERE type IN ('file.uploaded', 'file.removed') AND payload ->> 'digest' = ANY(\(digests))
    GROUP BY payload ->> 'digest'
    HAVING sum(CASE type WHEN 'file.uploaded' THEN 1 ELSE -1 END) > 0
    """
  }

  /// Waits for a pass of another process that is about to decide on some of them.
  static func standing(of digests: [String]) -> Query {
    """
    SELECT coalesce(sum(condemned_bytes), 0)::bigint, count(*) FILTER (WHERE condemned_at IS NULL)
    FROM (
      SELECT condemned_bytes, condemned_at FROM reclaim.candidate WHERE digest = ANY(\(digests)) ORDER BY digest FOR SHARE
    ) AS candidate
    """
  }

  static func candidate(_ digest: String) -> Query {
    "SELECT condemned_at, coalesce(condemned_bytes, 0) FROM reclaim.candidate WHERE digest = \(digest)"
  }

  static func condemn(_ digest: String, bytes: Int64) -> Query {
    """
    UPDATE reclaim.candidate
    SET condemned_at = clock_timestamp(), condemned_bytes = \(bytes)
    WHERE digest = \(digest)
    """
  }

  static func withdraw(_ digest: String) -> Query { "DELETE FROM reclaim.candidate WHERE digest = \(digest)" }

  static func offerAgain(_ digest: String) -> Query {
    """
    UPDATE reclaim.candidate
    SET condemned_at = NULL, condemned_bytes = NULL, position = (SELECT position FROM log.head)
    WHERE digest = \(digest)
    """
  }
}
