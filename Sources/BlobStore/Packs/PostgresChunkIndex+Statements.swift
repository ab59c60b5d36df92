// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Postgres

extension PostgresChunkIndex {
  // Where rows are looked up, one look into the primary key for each is asked for: tables that have just been filled have no statistics, and a
  // join would read them from end to end.

  static func known(among chunks: [[UInt8]]) -> Query {
    """
    SELECT digest
    FROM unnest(\(chunks)) AS wanted (digest)
    WHERE EXISTS (SELECT FROM blob.chunk WHERE chunk.digest = wanted.digest OFFSET 0)
    """
  }

  static func places(of chunks: [[UInt8]]) -> Query {
    """
    SELECT chunk.*
    FROM unnest(\(chunks)) AS wanted (digest)
    CROSS JOIN LATERAL (
      SELECT digest, pack_id, start, stored_size, size, codec
      FROM blob.chunk
      WHERE digest = wanted.digest
      LIMIT 1
    ) AS chunk
    """
  }

  static func bytesOfOneContent(among chunks: [[UInt8]]) -> Query {
    """
    SELECT coalesce(sum(stored_size), 0)::bigint
    FROM unnest(\(chunks)) AS wanted (digest)
    JOIN blob.chunk USING (digest)
    WHERE contents = 1
    """
  }

  static func contents(among digests: [[UInt8]]) -> Query {
    """
    SELECT content.*
    FROM unnest(\(digests)) AS wanted (digest)
    CROSS JOIN LATERAL (
      SELECT digest, size, stored_bytes, codec, condemned, pack_id, start, stored_size
      FROM blob.content
      WHERE digest = wanted.digest
      LIMIT 1
    ) AS content
    """
  }

  /// After its chunks: what of them is placed elsewhere is waste.
  static func insert(_ pack: PackContents) -> Query {
    let chunkBytes = pack.entries.reduce(Int64(0)) { $0 + ($1.isChunk ? Int64($1.storedSize) : 0) }
    return """
      WITH placed AS (
        SELECT \(chunkBytes) - coalesce(sum(stored_size), 0)::bigint AS unplaced_bytes
        FROM blob.chunk
        WHERE pack_id = \(pack.id)
      ), insertion AS (
        INSERT INTO blob.pack (byte_count, unplaced_bytes, pack_id)
        SELECT \(pack.byteCount), unplaced_bytes, \(pack.id) FROM placed
        ON CONFLICT (pack_id) DO NOTHING
      )
      SELECT unplaced_bytes FROM placed
      """
  }

  /// Those that are placed elsewhere stay there, and are not even locked.
  /// - Parameter whole: those that are contents as well, and so are needed by one.
  static func insertChunks(_ chunks: [PackEntry], whole: [PackEntry], in pack: UUID) -> Query {
    """
    INSERT INTO blob.chunk (start, stored_size, size, codec, contents, pack_id, digest)
    SELECT start, stored_size, size, codec, (digest = ANY(\(whole.map(\.digest.bytes))))::integer, \(pack), digest
    FROM \(rows(of: chunks))
    ORDER BY digest
    ON CONFLICT (digest) DO NOTHING
    RETURNING digest
    """
  }

  /// Chunks that were lost where they were.
  static func placeChunks(of pack: PackContents, among lost: Set<Digest>) -> Query {
    """
    INSERT INTO blob.chunk (start, stored_size, size, codec, pack_id, digest)
    SELECT start, stored_size, size, codec, \(pack.id), digest
    FROM \(rows(of: pack.entries.filter { $0.isChunk && lost.contains($0.digest) }))
    ORDER BY digest
    ON CONFLICT (digest) DO UPDATE SET
      pack_id = excluded.pack_id, start = excluded.start, stored_size = excluded.stored_size, codec = excluded.codec
    """
  }

  private static func rows(of entries: [PackEntry]) -> Query {
    """
    unnest(
      \(entries.map(\.digest.bytes)), \(entries.map(\.offset)), \(entries.map { Int32($0.storedSize) }),
      \(entries.map { Int32(clamping: $0.size) }), \(entries.map(\.codec.stored))
    ) AS entry (digest, start, stored_size, size, codec)
    """
  }

  /// Nothing happens when the content is there, or when one of its chunks is not.
  static func insert(_ manifest: Manifest, _ entry: PackEntry, _ chunks: [[UInt8]], in pack: UUID) -> Query {
    """
    INSERT INTO blob.content (size, stored_bytes, start, stored_size, codec, pack_id, digest)
    SELECT \(manifest.size), coalesce(sum(chunk.stored_size), 0), \(entry.offset), \(Int32(entry.storedSize)),
      coalesce(max(codec), 0), \(pack), \(manifest.digest.bytes)
    FROM unnest(\(chunks)) AS needed (digest)
    JOIN blob.chunk USING (digest)
    HAVING count(*) = \(Int64(chunks.count))
    ON CONFLICT (digest) DO NOTHING
    """
  }

  /// Contents that are one chunk each. Those that are there stay as they are.
  static func insertWhole(_ chunks: [PackEntry], of pack: PackContents) -> Query {
    let starts = chunks.map { pack.entry(ofContent: $0.digest)?.offset ?? $0.offset }
    return """
      INSERT INTO blob.content (size, stored_bytes, start, stored_size, codec, pack_id, digest)
      SELECT size, stored_size, start, 0, codec, \(pack.id), digest
      FROM unnest(
        \(chunks.map(\.size)), \(chunks.map { Int32($0.storedSize) }), \(starts), \(chunks.map(\.codec.stored)),
        \(chunks.map(\.digest.bytes))
      ) AS content (size, stored_size, start, codec, digest)
      ORDER BY digest
      ON CONFLICT (digest) DO NOTHING
      RETURNING digest
      """
  }

  /// One content more needs each of these chunks, which were there before. One that was given up since is placed here.
  static func countWhole(_ chunks: [PackEntry], in pack: UUID) -> Query {
    """
    INSERT INTO blob.chunk AS chunk (start, stored_size, size, codec, contents, pack_id, digest)
    SELECT start, stored_size, size, codec, 1, \(pack), digest
    FROM \(rows(of: chunks))
    ORDER BY digest
    ON CONFLICT (digest) DO UPDATE SET contents = chunk.contents + 1
    """
  }

  /// One content more needs these chunks, which are locked in their order: that of digests, everywhere. A row that is being deleted is waited for, and then not counted.
  static func count(_ chunks: [[UInt8]]) -> Query {
    """
    WITH needed AS MATERIALIZED (
      SELECT chunk.digest
      FROM unnest(\(chunks)) AS wanted (digest)
      CROSS JOIN LATERAL (SELECT digest FROM blob.chunk WHERE chunk.digest = wanted.digest FOR UPDATE) AS chunk
    ), counted AS (
      UPDATE blob.chunk SET contents = contents + 1 FROM needed WHERE chunk.digest = needed.digest
    )
    SELECT count(*) FROM needed
    """
  }

  /// One content fewer needs these chunks.
  static func release(_ chunks: [[UInt8]]) -> Query {
    """
    WITH needed AS MATERIALIZED (
      SELECT chunk.digest
      FROM unnest(\(chunks)) AS wanted (digest)
      CROSS JOIN LATERAL (SELECT digest FROM blob.chunk WHERE chunk.digest = wanted.digest FOR UPDATE) AS chunk
    ), released AS (
      UPDATE blob.chunk SET contents = contents - 1 FROM needed WHERE chunk.digest = needed.digest
      RETURNING contents, stored_size
    )
    SELECT coalesce(sum(stored_size) FILTER (WHERE contents = 0), 0)::bigint FROM released
    """
  }

  static func keepLive(_ digest: [UInt8]) -> Query {
    "SELECT true FROM blob.content WHERE digest = \(digest) AND NOT condemned FOR SHARE"
  }

  static func condemn(_ digest: [UInt8]) -> Query {
    "UPDATE blob.content SET condemned = true WHERE digest = \(digest) RETURNING stored_bytes"
  }

  static func restore(_ digest: [UInt8]) -> Query {
    "UPDATE blob.content SET condemned = false WHERE digest = \(digest) AND condemned"
  }

  static func delete(_ digest: [UInt8]) -> Query { "DELETE FROM blob.content WHERE digest = \(digest) AND condemned" }

  static let packs: Query = "SELECT pack_id FROM blob.pack"

  static func placed(in packs: [UUID]) -> Query {
    """
    SELECT digest FROM blob.chunk WHERE pack_id = ANY(\(packs))
    UNION ALL
    SELECT digest FROM blob.content WHERE pack_id = ANY(\(packs))
    """
  }

  static func wasteful(olderThan age: Duration, limit: Int) -> Query {
    """
    WITH waste AS (
      SELECT pack_id, sum(stored_size) AS bytes FROM blob.chunk WHERE contents = 0 GROUP BY pack_id
    )
    SELECT pack_id
    FROM blob.pack
    LEFT JOIN waste USING (pack_id)
    WHERE admitted_at < clock_timestamp() - make_interval(secs => \(age / .seconds(1)))
      AND (
        (coalesce(waste.bytes, 0) + unplaced_bytes) * 4 >= byte_count
        OR NOT EXISTS (SELECT FROM blob.content WHERE content.pack_id = pack.pack_id)
          AND NOT EXISTS (SELECT FROM blob.chunk WHERE chunk.pack_id = pack.pack_id AND contents > 0)
      )
    ORDER BY coalesce(waste.bytes, 0) + unplaced_bytes DESC
    LIMIT \(limit)
    """
  }

  static func contents(after digest: [UInt8], limit: Int) -> Query {
    """
    SELECT digest, size, stored_bytes, codec, condemned, pack_id, start, stored_size
    FROM blob.content
    WHERE digest > \(digest)
    ORDER BY digest
    LIMIT \(limit)
    """
  }

  static func chunks(from first: [UInt8], after last: [UInt8], limit: Int) -> Query {
    """
    SELECT digest, stored_size, contents
    FROM blob.chunk
    WHERE digest >= \(first) AND digest > \(last)
    ORDER BY digest
    LIMIT \(limit)
    """
  }

  static func neededChunks(of pack: UUID) -> Query {
    """
    SELECT digest, start, stored_size, size, codec
    FROM blob.chunk
    WHERE pack_id = \(pack) AND contents > 0
    """
  }

  static func manifests(of pack: UUID) -> Query {
    "SELECT digest, start, stored_size, size FROM blob.content WHERE pack_id = \(pack)"
  }

  static func lockContents(of pack: UUID) -> Query {
    "SELECT digest FROM blob.content WHERE pack_id = \(pack) ORDER BY digest FOR UPDATE"
  }

  /// Locks those too that nothing needs, so that none comes to be needed meanwhile.
  static func lockNeededChunks(of pack: UUID) -> Query {
    """
    WITH placed AS MATERIALIZED (
      SELECT digest, contents FROM blob.chunk WHERE pack_id = \(pack) ORDER BY digest FOR UPDATE
    )
    SELECT digest FROM placed WHERE contents > 0
    """
  }

  static func moveChunks(from pack: UUID, to copy: PackContents) -> Query {
    """
    UPDATE blob.chunk
    SET pack_id = \(copy.id), start = entry.start, stored_size = entry.stored_size, codec = entry.codec
    FROM \(rows(of: copy.entries.filter(\.isChunk)))
    WHERE chunk.digest = entry.digest AND chunk.pack_id = \(pack)
    """
  }

  static func moveContents(from pack: UUID, to copy: PackContents) -> Query {
    """
    UPDATE blob.content
    SET pack_id = \(copy.id), start = entry.start, stored_size = entry.stored_size
    FROM \(rows(of: copy.entries.filter { !$0.isChunk }))
    WHERE content.digest = entry.digest AND content.pack_id = \(pack)
    """
  }

  /// Contents whose manifest was lost where it was.
  static func placeContents(of pack: PackContents, among lost: Set<Digest>) -> Query {
    """
    UPDATE blob.content
    SET pack_id = \(pack.id), start = entry.start, stored_size = entry.stored_size
    FROM \(rows(of: pack.entries.filter { !$0.isChunk && lost.contains($0.digest) }))
    WHERE content.digest = entry.digest
    """
  }

  static func deleteChunks(of pack: UUID) -> Query { "DELETE FROM blob.chunk WHERE pack_id = \(pack)" }

  static func delete(pack: UUID) -> Query { "DELETE FROM blob.pack WHERE pack_id = \(pack)" }

  static func retire(_ pack: UUID) -> Query {
    """
    WITH idle AS MATERIALIZED (
      SELECT NOT EXISTS (SELECT FROM blob.chunk WHERE pack_id = \(pack))
        AND NOT EXISTS (SELECT FROM blob.content WHERE pack_id = \(pack)) AS is_idle
    ), retired AS (
      DELETE FROM blob.pack USING idle WHERE pack_id = \(pack) AND is_idle
    )
    SELECT is_idle FROM idle
    """
  }

  static let packTotals: Query = "SELECT count(*), coalesce(sum(byte_count), 0)::bigint FROM blob.pack"

  static let contentTotals: Query = """
    SELECT count(*), coalesce(sum(size), 0)::bigint, coalesce(sum(stored_bytes), 0)::bigint FROM blob.content
    """

  static let chunkTotals: Query = """
    SELECT count(*) FILTER (WHERE contents > 0),
      coalesce(sum(size) FILTER (WHERE contents > 0), 0)::bigint,
      coalesce(sum(stored_size) FILTER (WHERE contents > 0), 0)::bigint,
      coalesce(sum(stored_size) FILTER (WHERE contents = 0), 0)::bigint
        + (SELECT coalesce(sum(unplaced_bytes), 0)::bigint FROM blob.pack)
    FROM blob.chunk
    """
}
