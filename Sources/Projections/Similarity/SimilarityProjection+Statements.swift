// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import Postgres

/// What is known of contents.
extension SimilarityProjection {
  /// Copies of earlier batches. Returns how many of each content have gone, and how many live ones have come or gone.
  static func change(_ files: [(UUID, FileChange)]) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(\(files.map(\.0)), \(files.map(\.1.isRemoved)), \(files.map(\.1.moved?.isTrashed)))
        AS change (file_id, removed, trashed)
    ), known AS (
      SELECT file_id, owner, digest, removed, live AS was_live, NOT removed AND coalesce(NOT trashed, live) AS is_live
      FROM copy
      JOIN change USING (file_id)
    ), removal AS (
      DELETE FROM copy USING known WHERE copy.file_id = known.file_id AND known.removed
    ), update AS (
      UPDATE copy SET live = is_live
      FROM known
      WHERE copy.file_id = known.file_id AND NOT removed AND is_live <> was_live
    )
    SELECT owner, digest, -count(*) FILTER (WHERE removed), sum(is_live::integer - was_live::integer)
    FROM known
    GROUP BY owner, digest
    """
  }

  /// Counts copies. Returns the contents that have come, gone, or have another place in the order; the earlier of their places before and
  /// after; and what they were grouped round.
  static func place(_ steps: InOrder<OwnedContent, CopyStep>) -> Query {
    """
    WITH step AS (
      SELECT *
      FROM unnest(
        \(steps.keys.map(\.owner)), \(steps.keys.map(\.digest)), \(steps.values.map(\.size)),
        \(steps.values.map(\.copies)), \(steps.values.map(\.live))
      ) AS step (owner, digest, size, copies, live)
    ), content AS (
      SELECT owner, digest, step.size, known.medoid, known.since AS was_since, known.live_copies > 0 AS was_live,
        known.copies IS NULL AS is_new,
        coalesce(known.copies, 0) + step.copies AS copies,
        coalesce(known.live_copies, 0) + step.live AS live_copies,
        (
          SELECT position FROM copy WHERE copy.owner = step.owner AND copy.digest = step.digest ORDER BY position LIMIT 1
        ) AS since
      FROM step
      LEFT JOIN placement AS known USING (owner, digest)
    ), removal AS (
      DELETE FROM placement USING content
      WHERE placement.owner = content.owner AND placement.digest = content.digest AND content.copies = 0
    ), keys_removal AS (
      DELETE FROM fingerprint USING content
      WHERE fingerprint.owner = content.owner AND fingerprint.digest = content.digest AND content.copies = 0
    ), insertion AS (
      INSERT INTO placement (owner, copies, live_copies, since, size, digest)
      SELECT owner, copies, live_copies, since, size, digest FROM content WHERE is_new AND copies > 0
    ), update AS (
      UPDATE placement SET copies = content.copies, live_copies = content.live_copies, since = content.since
      FROM content
      WHERE NOT is_new AND content.copies > 0
        AND placement.owner = content.owner AND placement.digest = content.digest
    )
    SELECT owner, digest, least(was_since, since), medoid
    FROM content
    WHERE (is_new OR copies = 0 OR since <> was_since OR (live_copies > 0) <> was_live)
      AND least(was_since, since) IS NOT NULL
    """
  }

  static func insert(_ sketches: InOrder<SimilarityChanges.SketchName, ContentSketched>) -> Query {
    let values = sketches.values
    return """
      INSERT INTO sketch (weight, algorithm, digest, signature)
      SELECT weight, algorithm, digest, decode(signature, 'base64')
      FROM unnest(
        \(values.map(\.weight)), \(values.map(\.algorithm)), \(sketches.keys.map(\.digest)), \(values.map(\.signature))
      ) AS sketched (weight, algorithm, digest, signature)
      ON CONFLICT (digest, algorithm) DO UPDATE SET weight = excluded.weight, signature = excluded.signature
      """
  }

  /// Look-up keys of sketches that others take the place of.
  static func forget(_ sketches: [SimilarityChanges.SketchName]) -> Query {
    """
    DELETE FROM fingerprint
    USING unnest(\(sketches.map(\.digest)), \(sketches.map(\.algorithm))) AS sketched (digest, algorithm)
    JOIN sketch USING (digest, algorithm)
    JOIN placement USING (digest)
    WHERE fingerprint.owner = placement.owner AND fingerprint.digest = sketched.digest
      AND fingerprint.algorithm = sketched.algorithm
    """
  }

  /// Sketches of owners' contents that cannot be found yet.
  static func unindexed(_ contents: Set<OwnedContent>, sketched: [String]) -> Query {
    """
    SELECT placement.owner, placement.digest, sketch.algorithm, sketch.signature
    FROM (
      SELECT owner, digest FROM \(contents)
      UNION
      SELECT owner, digest FROM placement WHERE digest = ANY (\(sketched))
    ) AS wanted
    JOIN placement USING (owner, digest)
    JOIN sketch USING (digest)
    WHERE NOT EXISTS (
      SELECT FROM fingerprint
      WHERE fingerprint.owner = wanted.owner AND fingerprint.digest = wanted.digest
        AND fingerprint.algorithm = sketch.algorithm
    )
    """
  }

  static func insert(_ found: InOrder<OwnedPair, SimilarityChanges.Resemblance>) -> Query {
    let canonical = SketchAlgorithm.canonical.rawValue
    return """
      INSERT INTO resemblance (owner, matched_at, score, algorithm, digest, other)
      SELECT * FROM unnest(
        \(found.keys.map(\.owner)), \(found.values.map(\.matchedAt)), \(found.values.map(\.score)),
        \(found.values.map(\.algorithm)), \(found.keys.map(\.digest)), \(found.keys.map(\.other)))
      ON CONFLICT (owner, digest, other) DO UPDATE SET score = excluded.score, algorithm = excluded.algorithm
        WHERE resemblance.algorithm <> \(canonical) OR excluded.algorithm = \(canonical)
      """
  }

  static func insert(_ dismissed: [(OwnedPair, SimilarityChanges.Dismissal)]) -> Query {
    """
    INSERT INTO dismissal (owner, decision_id, dismissed_at, digest, other)
    SELECT * FROM unnest(
      \(dismissed.map(\.0.owner)), \(dismissed.map(\.1.decisionId)), \(dismissed.map(\.1.dismissedAt)),
      \(dismissed.map(\.0.digest)), \(dismissed.map(\.0.other)))
    ON CONFLICT (owner, digest, other) DO UPDATE
      SET decision_id = excluded.decision_id, dismissed_at = excluded.dismissed_at
    """
  }

  static func insert(_ thresholds: InOrder<UUID, LikenessThresholds>) -> Query {
    let rows = zip(thresholds.keys, thresholds.values).flatMap { owner, thresholds in
      SketchAlgorithm.allCases.map { (owner: owner, algorithm: $0.rawValue, least: thresholds.least(of: $0)) }
    }
    return """
      INSERT INTO threshold (owner, least, algorithm)
      SELECT * FROM unnest(\(rows.map(\.owner)), \(rows.map(\.least)), \(rows.map(\.algorithm)))
      ON CONFLICT (owner, algorithm) DO UPDATE SET least = excluded.least
      """
  }

  static func delete(_ undone: [OwnedPair]) -> Query {
    """
    DELETE FROM dismissal USING \(undone) AS undone
    WHERE dismissal.owner = undone.owner AND dismissal.digest = undone.digest AND dismissal.other = undone.other
    """
  }
}

/// What follows for groups.
extension SimilarityProjection {
  /// Contents whose place may follow from that of a content that has moved: those after it that resemble it or are no duplicates of it, and
  /// itself.
  static func dependents(of moved: [Moved]) -> Query {
    """
    WITH moved AS (
      SELECT *
      FROM unnest(
        \(moved.map(\.content.owner)), \(moved.map(\.content.digest)), \(moved.map(\.earliest))
      ) AS moved (owner, digest, earliest)
    ), met AS (
      SELECT moved.owner, moved.digest, moved.earliest, resemblance.other
      FROM moved
      JOIN resemblance USING (owner, digest)
      UNION ALL
      SELECT moved.owner, moved.digest, moved.earliest, dismissal.other
      FROM moved
      JOIN dismissal USING (owner, digest)
    )
    SELECT met.owner, met.other
    FROM met
    JOIN placement ON placement.owner = met.owner AND placement.digest = met.other AND placement.since > met.earliest
    UNION
    SELECT owner, digest FROM met
    """
  }

  /// Contents that resemble the middle of a full group from which others have moved, and come after these: as the groups were counted before.
  static func waiting(for moved: [Moved], groupLimit: Int) -> Query {
    let members = moved.compactMap { moved in moved.star.map { (star: $0, earliest: moved.earliest) } }
    return """
      SELECT DISTINCT star.owner, resemblance.other
      FROM unnest(
        \(members.map(\.star.owner)), \(members.map(\.star.digest)), \(members.map(\.earliest))
      ) AS star (owner, digest, earliest)
      JOIN similar_group ON similar_group.owner = star.owner AND similar_group.medoid = star.digest
        AND similar_group.contents >= \(Int64(groupLimit))
      JOIN resemblance ON resemblance.owner = star.owner AND resemblance.digest = star.digest
      JOIN placement ON placement.owner = star.owner AND placement.digest = resemblance.other
        AND placement.since > star.earliest
      """
  }

  /// The later content of each pair: the earlier one does not ask for it.
  ///
  /// Two looks into the primary key for each: of tables that grow quickly the statistics are old, and a join would read all that the owner has,
  /// again and again.
  static func laterOnes(of pairs: Set<OwnedPair>) -> Query {
    """
    SELECT DISTINCT pair.owner, pair.digest
    FROM \(Array(pairs)) AS pair
    CROSS JOIN LATERAL (
      SELECT since FROM placement WHERE placement.owner = pair.owner AND placement.digest = pair.digest LIMIT 1
    ) AS later
    CROSS JOIN LATERAL (
      SELECT since FROM placement WHERE placement.owner = pair.owner AND placement.digest = pair.other LIMIT 1
    ) AS earlier
    WHERE earlier.since < later.since
    """
  }

  /// All contents of some owners that resemble others.
  static func resembling(of owners: [UUID]) -> Query {
    "SELECT DISTINCT owner, digest FROM resemblance WHERE owner = ANY (\(owners))"
  }

  static func places(of contents: Set<OwnedContent>) -> Query {
    """
    SELECT owner, digest, since, live_copies > 0, medoid, score, algorithm, matched_at
    FROM \(contents)
    JOIN placement USING (owner, digest)
    """
  }

  /// Live contents before these that resemble them as much as their owner wants. Looked up as ``laterOnes(of:)`` does, and for its reason.
  static func neighbours(of contents: Set<OwnedContent>) -> Query {
    """
    SELECT content.owner, content.digest, resemblance.other, other.since, resemblance.score, resemblance.algorithm,
      resemblance.matched_at, other.medoid
    FROM \(contents)
    CROSS JOIN LATERAL (
      SELECT since FROM placement WHERE placement.owner = content.owner AND placement.digest = content.digest LIMIT 1
    ) AS placement
    CROSS JOIN LATERAL (
      SELECT other, score, algorithm, matched_at
      FROM resemblance
      WHERE resemblance.owner = content.owner AND resemblance.digest = content.digest
      OFFSET 0
    ) AS resemblance
    CROSS JOIN LATERAL (
      SELECT since, medoid, live_copies
      FROM placement
      WHERE placement.owner = content.owner AND placement.digest = resemblance.other
      LIMIT 1
    ) AS other
    LEFT JOIN threshold ON threshold.owner = content.owner AND threshold.algorithm = resemblance.algorithm
    WHERE resemblance.score >= coalesce(threshold.least, 0) AND other.live_copies > 0 AND other.since < placement.since
    """
  }

  /// Live contents before these that are no duplicates of them.
  static func dismissedMates(of contents: Set<OwnedContent>) -> Query {
    """
    SELECT content.owner, content.digest, dismissal.other, other.medoid
    FROM \(contents)
    JOIN placement USING (owner, digest)
    JOIN dismissal USING (owner, digest)
    JOIN placement AS other ON other.owner = content.owner AND other.digest = dismissal.other
      AND other.live_copies > 0 AND other.since < placement.since
    """
  }

  /// Of groups with more members than so many, the medoid not counted.
  static func members(of stars: Set<OwnedContent>, withMoreThan count: Int) -> Query {
    """
    SELECT placement.owner, placement.medoid, placement.digest, placement.since
    FROM \(stars)
    JOIN similar_group ON similar_group.owner = content.owner AND similar_group.medoid = content.digest
      AND similar_group.contents - 1 > \(count)
    JOIN placement ON placement.owner = content.owner AND placement.medoid = content.digest
    """
  }

  static func move(_ moves: [StarRound.Move]) -> Query {
    """
    UPDATE placement
    SET medoid = moved.medoid, score = moved.score, algorithm = moved.algorithm, matched_at = moved.matched_at
    FROM unnest(
      \(moves.map(\.content.owner)), \(moves.map(\.content.digest)), \(moves.map(\.place?.medoid)),
      \(moves.map(\.place?.score)), \(moves.map(\.place?.algorithm)), \(moves.map(\.place?.matchedAt))
    ) AS moved (owner, digest, medoid, score, algorithm, matched_at)
    WHERE placement.owner = moved.owner AND placement.digest = moved.digest
    """
  }

  /// Later contents whose places may follow from those of contents that have moved, or from there being room or none in a group.
  ///
  /// - Parameter fullStars: by medoid, the place in the order from which on it matters.
  static func followers(of moved: [OwnedContent], fullStars: [OwnedContent: Int64]) -> Query {
    let stars = Array(fullStars)
    return """
      WITH change AS (
        SELECT content.owner, content.digest, placement.since
        FROM \(Set(moved))
        JOIN placement USING (owner, digest)
        UNION ALL
        SELECT *
        FROM unnest(\(stars.map(\.key.owner)), \(stars.map(\.key.digest)), \(stars.map(\.value)))
      ), met AS (
        SELECT change.owner, resemblance.other, change.since FROM change JOIN resemblance USING (owner, digest)
        UNION ALL
        SELECT change.owner, dismissal.other, change.since FROM change JOIN dismissal USING (owner, digest)
      )
      SELECT DISTINCT met.owner, met.other
      FROM met
      JOIN placement ON placement.owner = met.owner AND placement.digest = met.other AND placement.since > met.since
      """
  }

  /// Groups as their members make them. One that has none any more is none.
  static func recount(_ stars: Set<OwnedContent>) -> Query {
    let stars = Array(stars)
    return """
      WITH star AS (
        SELECT *
        FROM unnest(
          \(stars.map(\.owner)), \(stars.map(\.digest)),
          \(stars.map { SimilarGroup.id(owner: $0.owner, medoid: $0.digest) })
        ) AS star (owner, medoid, id)
      ), counted AS (
        SELECT star.id, star.owner, star.medoid, count(*) + 1 AS contents, sum(size)::bigint AS bytes,
          min(matched_at) AS matched_at
        FROM star
        JOIN placement USING (owner, medoid)
        GROUP BY star.id, star.owner, star.medoid
      ), removal AS (
        DELETE FROM similar_group USING star
        WHERE similar_group.id = star.id AND NOT EXISTS (SELECT FROM counted WHERE counted.id = star.id)
      )
      INSERT INTO similar_group (id, owner, contents, bytes, matched_at, medoid)
      SELECT id, owner, contents, bytes, matched_at, medoid FROM counted
      ON CONFLICT (id) DO UPDATE
        SET contents = excluded.contents, bytes = excluded.bytes, matched_at = excluded.matched_at
      """
  }
}

extension Query.StringInterpolation {
  /// Rows of a table `content (owner, digest)`.
  fileprivate mutating func appendInterpolation(_ contents: Set<OwnedContent>) {
    let contents = Array(contents)
    appendLiteral("unnest(")
    appendInterpolation(contents.map(\.owner))
    appendLiteral(", ")
    appendInterpolation(contents.map(\.digest))
    appendLiteral(") AS content (owner, digest)")
  }

  /// Rows of owner, digest and other digest; the alias is the statement's.
  fileprivate mutating func appendInterpolation(_ pairs: [OwnedPair]) {
    appendLiteral("(SELECT * FROM unnest(")
    appendInterpolation(pairs.map(\.owner))
    appendLiteral(", ")
    appendInterpolation(pairs.map(\.digest))
    appendLiteral(", ")
    appendInterpolation(pairs.map(\.other))
    appendLiteral(") AS pair (owner, digest, other))")
  }
}
