// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Postgres

/// The index of chunks in the schema `blob`.
///
/// Whoever changes it takes locks in one order: contents before chunks that are there, and each by digest. So nobody waits in a circle. (New chunks come
/// before either: rows that nobody else sees yet, in the order of digests too.)
struct PostgresChunkIndex: ChunkIndex {
  private let pool: PostgresPool

  init(pool: PostgresPool) { self.pool = pool }

  /// Thrown inside of a transaction to undo it; never leaves this file.
  private struct Undo: Error {}

  func known(among chunks: [Digest]) async throws -> Set<Digest> {
    Set(try await pool.query(Self.known(among: chunks.map(\.bytes))).map { try Digest(bytes: $0.decode(0)) })
  }

  func places(of chunks: [Digest]) async throws -> [Digest: ChunkPlace] {
    try await pool.query(Self.places(of: chunks.map(\.bytes))).reduce(into: [:]) { places, row in
      let (digest, pack, start, storedSize, size, codec) = try row.decode(
        ([UInt8], UUID, Int64, Int32, Int32, Int16).self)
      places[Digest(bytes: digest)] = ChunkPlace(
        pack: pack, offset: start, storedSize: Int(storedSize), size: Int(size), codec: try Codec(stored: codec))
    }
  }

  func bytesOfOneContent(among chunks: [Digest]) async throws -> Int64 {
    try await pool.query(Self.bytesOfOneContent(among: chunks.map(\.bytes))).first?.decode(0) ?? 0
  }

  func contents(among digests: [Digest]) async throws -> [Digest: ChunkedContent] {
    let found = try Self.contents(await pool.query(Self.contents(among: digests.map(\.bytes))))
    return Dictionary(found) { first, _ in first }
  }

  func admit(_ pack: PackContents, insteadOf lost: Set<Digest>) async throws -> Admission {
    let whole = pack.wholeContents.filter { !lost.contains($0.digest) }
    let isWhole = Set(whole.map(\.digest))
    return try await pool.transaction { connection in
      let placed = Self.placements(of: pack, insteadOf: lost)
      let chunks = pack.entries.filter { $0.isChunk && !lost.contains($0.digest) }
      let results = try await connection.pipeline(
        placed + [Self.insertChunks(chunks, whole: whole, in: pack.id), Self.insertWhole(whole, of: pack)])
      let new = try Set(results[placed.count].map { try Digest(bytes: $0.decode(0)) })
      var admission = Admission()
      admission.contents = try Set(results[placed.count + 1].map { try Digest(bytes: $0.decode(0)) })
      // Their chunks are part of other contents already, or waste that is taken up again.
      let uncounted = whole.filter { admission.contents.contains($0.digest) && !new.contains($0.digest) }
      if !uncounted.isEmpty { try await connection.execute(Self.countWhole(uncounted, in: pack.id)) }
      admission.unplacedBytes = try await connection.query(Self.insert(pack)).first?.decode(0) ?? 0
      let manifests = pack.manifests.filter { !isWhole.contains($0.digest) }.sorted { $0.digest < $1.digest }
      for manifest in manifests {
        guard let entry = pack.entry(of: manifest) else { continue }
        let chunks = manifest.distinctChunks.map(\.bytes)
        do {
          try await connection.savepoint { connection in
            guard try await connection.execute(Self.insert(manifest, entry, chunks, in: pack.id)) == 1 else {
              throw Undo()
            }
            // One that is being forgotten at this moment was still there for the statement before.
            let counted = try await connection.query(Self.count(chunks)).first?.decode(0, as: Int64.self)
            guard counted == Int64(chunks.count) else { throw Undo() }
          }
          admission.contents.insert(manifest.digest)
        } catch is Undo {
        }
      }
      return admission
    }
  }

  func admitChunks(of pack: PackContents, insteadOf lost: Set<Digest>) async throws {
    _ = try await pool.transaction { connection in
      let chunks = pack.entries.filter { $0.isChunk && !lost.contains($0.digest) }
      return try await connection.pipeline([
        Self.placeChunks(of: pack, among: lost), Self.insertChunks(chunks, whole: [], in: pack.id),
      ])
    }
  }

  private static func placements(of pack: PackContents, insteadOf lost: Set<Digest>) -> [Query] {
    lost.isEmpty ? [] : [placeContents(of: pack, among: lost), placeChunks(of: pack, among: lost)]
  }

  func whileLive(
    _ digest: Digest, on threads: BlockingPool, _ body: @escaping @Sendable () throws -> Void
  ) async throws -> Bool {
    try await pool.transaction { connection in
      guard try await connection.query(Self.keepLive(digest.bytes)).first != nil else { return false }
      try await threads.run(body)
      return true
    }
  }

  func condemn(_ digest: Digest) async throws -> Int64? {
    try await pool.query(Self.condemn(digest.bytes)).first?.decode(0)
  }

  func restore(_ digest: Digest) async throws -> Bool { try await pool.execute(Self.restore(digest.bytes)) > 0 }

  func remove(_ digest: Digest, chunks: [Digest]) async throws -> Int64? {
    try await pool.transaction { connection in
      guard try await connection.execute(Self.delete(digest.bytes)) == 1 else { return nil }
      return try await connection.query(Self.release(chunks.map(\.bytes))).first?.decode(0)
    }
  }

  func packs() async throws -> Set<UUID> { Set(try await pool.query(Self.packs).map { try $0.decode(0) }) }

  func placed(in packs: [UUID]) async throws -> Set<Digest> {
    Set(try await pool.query(Self.placed(in: packs)).map { try Digest(bytes: $0.decode(0)) })
  }

  func wasteful(olderThan age: Duration, limit: Int) async throws -> [UUID] {
    try await pool.query(Self.wasteful(olderThan: age, limit: limit)).map { try $0.decode(0) }
  }

  func needed(of pack: UUID) async throws -> [PackEntry] {
    let results = try await pool.pipeline([Self.neededChunks(of: pack), Self.manifests(of: pack)])
    let chunks = try results[0].map { row in
      let (digest, start, storedSize, size, codec) = try row.decode(([UInt8], Int64, Int32, Int32, Int16).self)
      return PackEntry(
        kind: PackEntry.Kind(try Codec(stored: codec)), digest: Digest(bytes: digest), offset: start,
        storedSize: Int(storedSize), size: Int64(size))
    }
    let manifests = try results[1].map { row in
      let (digest, start, storedSize, size) = try row.decode(([UInt8], Int64, Int32, Int64).self)
      return PackEntry(
        kind: .manifest, digest: Digest(bytes: digest), offset: start, storedSize: Int(storedSize), size: size)
    }
    return (chunks + manifests).sorted { $0.offset < $1.offset }
  }

  func replace(_ pack: UUID, with copy: PackContents?) async throws -> Bool {
    let (chunks, contents) = (copy?.digests(areChunks: true) ?? [], copy?.digests(areChunks: false) ?? [])
    do {
      try await pool.transaction { connection in
        let placed = try await connection.query(Self.lockContents(of: pack)).map { try Digest(bytes: $0.decode(0)) }
        let needed = try await connection.query(Self.lockNeededChunks(of: pack)).map {
          try Digest(bytes: $0.decode(0))
        }
        guard contents.isSuperset(of: placed), chunks.isSuperset(of: needed) else { throw Undo() }
        if let copy {
          _ = try await connection.pipeline([
            Self.moveChunks(from: pack, to: copy), Self.moveContents(from: pack, to: copy), Self.insert(copy),
          ])
        }
        _ = try await connection.pipeline([Self.deleteChunks(of: pack), Self.delete(pack: pack)])
      }
      return true
    } catch is Undo {
      return false
    }
  }

  func retire(_ pack: UUID) async throws -> Bool {
    try await pool.query(Self.retire(pack)).first?.decode(0) ?? false
  }

  func totals() async throws -> ChunkTotals {
    let results = try await pool.pipeline([Self.packTotals, Self.contentTotals, Self.chunkTotals])
    var totals = ChunkTotals()
    if let row = results[0].first { (totals.packs, totals.packBytes) = try row.decode((Int64, Int64).self) }
    if let row = results[1].first {
      (totals.contents, totals.contentBytes, totals.separateBytes) = try row.decode((Int64, Int64, Int64).self)
    }
    if let row = results[2].first {
      (totals.chunks, totals.chunkBytes, totals.storedBytes, totals.wastedBytes) = try row.decode(
        (Int64, Int64, Int64, Int64).self)
    }
    return totals
  }
}

extension PostgresChunkIndex {
  /// So few that their manifests are read, also from a bucket, before the server takes the transaction for forgotten.
  private static let page = 200

  func recount(
    _ share: StoreRecount.Share, chunksOf chunks: @Sendable (Digest, ChunkedContent) async throws -> [Digest]?
  ) async throws -> StoreRecount {
    try await pool.transaction(TransactionOptions(isolation: .repeatableRead, readOnly: true)) { connection in
      var (recount, uses) = (StoreRecount(), StoreRecount.Uses(share: share))
      var last: [UInt8] = []
      while true {
        let rows = try await connection.query(Self.contents(after: last, limit: Self.page))
        let page = try Self.contents(rows)
        guard let end = page.last else { break }
        for (digest, content) in page {
          if content.isOneChunk {
            uses.add([digest])
          } else if let chunks = try await chunks(digest, content) {
            uses.add(chunks)
          } else {
            recount.unreadable += 1
          }
        }
        recount.contents += page.count
        last = end.0.bytes
      }
      let first = UInt16(share.number * 65_536 / share.count)
      last = []
      pages: while true {
        let rows = try await connection.query(
          Self.chunks(from: [UInt8(first >> 8), UInt8(first & 255)], after: last, limit: Self.page))
        guard !rows.isEmpty else { break }
        for row in rows {
          let (bytes, storedSize, told) = try row.decode(([UInt8], Int32, Int32).self)
          let digest = Digest(bytes: bytes)
          last = bytes
          // The bytes at which shares begin are rounded: a few are before it.
          guard share.contains(digest) else { if bytes[0] > UInt8(first >> 8) { break pages } else { continue } }
          recount.chunks += 1
          recount.bytes += Int64(storedSize)
          recount.compare(digest, told: Int(told), &uses)
        }
      }
      recount.compareRest(uses)
      return recount
    }
  }

  private static func contents(_ rows: PostgresRows) throws -> [(Digest, ChunkedContent)] {
    try rows.map { row in
      let (digest, size, storedBytes, codec, condemned, pack, start, storedSize) = try row.decode(
        ([UInt8], Int64, Int64, Int16, Bool, UUID, Int64, Int32).self)
      return (
        Digest(bytes: digest),
        ChunkedContent(
          settled: SettledBlob(size: size, storedBytes: storedBytes, codec: try Codec(stored: codec)),
          isCondemned: condemned, pack: pack, offset: start, storedSize: Int(storedSize))
      )
    }
  }
}

extension StoreRecount {
  mutating func compare(_ chunk: Digest, told: Int, _ uses: inout Uses) {
    let counted = uses.take(chunk)
    if told != counted, unreadable == 0 { note(.count(chunk, told: told, counted: counted)) }
  }

  /// What contents need and the index does not have.
  mutating func compareRest(_ uses: Uses) {
    guard unreadable == 0 else { return }
    for (chunk, counted) in uses.counts.sorted(by: { $0.key < $1.key }) {
      note(.count(chunk, told: 0, counted: counted))
    }
  }
}

extension Codec {
  /// As the tables have it.
  var stored: Int16 {
    switch self {
    case .none: 0
    case .lz4: 1
    case .zstd: 2
    }
  }

  init(stored: Int16) throws(PostgresError) {
    switch stored {
    case 0: self = .none
    case 1: self = .lz4
    case 2: self = .zstd
    default: throw PostgresError(.decoding, "the codec \(stored) is of a later version")
    }
  }
}
