// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
public import Domain
import Glibc
public import Postgres

/// Blobs in a directory tree, small ones as files and larger ones as chunks in packs; see ``BlobLayout`` for the places.
///
/// Several stores, also of several processes, may share one root: they meet in the file system's atomic steps, and in the index of
/// chunks, which they must share as well.
public final class LocalBlobStore: BlobStore {
  public static let defaultThreadCount = 16

  let layout: BlobLayout
  let disk: Disk
  let pool: BlockingPool
  let durability: DurabilityGroup
  let packs: PackStore

  var index: any ChunkIndex { packs.index }

  /// Opens the store, creating what is missing; blocks for some milliseconds the first time.
  ///
  /// - Parameters:
  ///   - root: a directory, created for this user only. All of it must be on one file system.
  ///   - database: where the index of chunks is.
  ///   - compression: of what is written into packs.
  ///   - threads: how many disk calls may be under way at once.
  public convenience init(
    root: String, database: PostgresPool, compression: ChunkCompression = .lz4, threads: Int = defaultThreadCount
  ) throws(BlobStoreError) {
    try self.init(
      root: root, index: PostgresChunkIndex(pool: database), compression: compression, threads: threads, disk: Disk())
  }

  /// A store whose index of chunks lives and ends with it: for measurements without a database.
  public convenience init(root: String, threads: Int = defaultThreadCount) throws(BlobStoreError) {
    try self.init(root: root, index: MemoryChunkIndex(), threads: threads, disk: Disk())
  }

  init(
    root: String, index: any ChunkIndex = MemoryChunkIndex(), compression: ChunkCompression = .lz4,
    threads: Int = defaultThreadCount, packSize: Int64 = PackingDraft.packSize, disk: Disk
  ) throws(BlobStoreError) {
    layout = BlobLayout(root: root)
    self.disk = disk
    pool = BlockingPool(threadCount: threads)
    durability = DurabilityGroup(disk: disk, pool: pool)
    BlobMetrics.begin()
    try layout.create(on: disk)
    // As with the directories, a crash can leave no more than part of the way done.
    let chunkers = Chunkers(secret: try ChunkingSecret.open(layout, on: Disk()))
    packs = PackStore(
      storage: LocalPackStorage(layout: layout, disk: disk, durability: durability), index: index,
      staging: PackStaging(layout: layout, disk: disk, compression: compression), chunkers: chunkers, pool: pool,
      packSize: packSize)
  }

  public func stage() async throws -> any StagedBlob { LocalStagedBlob(store: self) }

  public func contains(_ digest: Digest) async throws -> Bool {
    try await find(digest, { access($0, F_OK) == 0 ? true : nil }, { _ in true }) ?? false
  }

  public func size(of digest: Digest) async throws -> Int64 {
    guard let size = try await find(digest, { try self.open($0, digest)?.size }, { $0.settled.size }) else {
      throw BlobStoreError.notFound(digest)
    }
    return size
  }

  public func read(_ digest: Digest, range: Range<Int64>?) async throws -> BlobBytes {
    let content = try await find(digest, { try self.open($0, digest) }, { try await self.packs.open($0, digest) })
    guard let content else { throw BlobStoreError.notFound(digest) }
    return try BlobBytes(digest: digest, content: content, range: range, pool: pool)
  }

  public func sweepStaged(olderThan age: Duration) async throws -> Int {
    let oldest = time(nil) - Int(age.components.seconds)
    return try await pool.run { [disk, layout] in try disk.sweep(layout.staged, writtenBefore: oldest) }
  }
}

extension LocalBlobStore {
  /// The file that holds a blob.
  struct Location: Sendable {
    let path: String
    let directory: String
    /// Where it goes when it is condemned.
    let condemned: String
  }

  /// Where a blob is that an upload may rely on; nil when nowhere, or condemned.
  func locate(_ digest: Digest) throws(BlobStoreError) -> Location? {
    for place in places(of: digest) {
      if access(place.path, F_OK) == 0 { return place }
      guard errno == ENOENT else { throw .current("access", place.path) }
    }
    return nil
  }

  func open(_ path: String, _ digest: Digest) throws -> (any BlobContent)? {
    guard let file = try OpenFile.reading(path) else { return nil }
    return path.hasSuffix(".lz4")
      ? try CompressedContent(digest: digest, file: file) : try RawContent(digest: digest, file: file)
  }

  /// The first answer among the places where a blob may be, condemned ones too; see ``BlobLayout`` for why it looks twice.
  private func find<Answer: Sendable>(
    _ digest: Digest, _ look: @escaping @Sendable (String) throws -> Answer?,
    _ lookAt: (ChunkedContent) async throws -> Answer
  ) async throws -> Answer? {
    let places = places(of: digest)
    let usual = places.map(\.path)
    let first = try await pool.run { try (usual + places.map(\.condemned)).firstAnswer(look) }
    if let first { return first }
    if let content = try await index.content(digest) { return try await lookAt(content) }
    return try await pool.run { try usual.firstAnswer(look) }
  }

  /// In the order in which a blob moves, so that none is missed.
  func places(of digest: Digest) -> [Location] {
    let settled = layout.settledDirectory(digest)
    return [
      Location(
        path: layout.raw(digest), directory: layout.rawDirectory(digest), condemned: layout.condemned(digest, "raw")),
      Location(path: layout.compressed(digest), directory: settled, condemned: layout.condemned(digest, "lz4")),
      Location(path: layout.uncompressed(digest), directory: settled, condemned: layout.condemned(digest, "none")),
    ]
  }
}

extension [String] {
  fileprivate func firstAnswer<Answer>(_ look: (String) throws -> Answer?) rethrows -> Answer? {
    for path in self {
      if let answer = try look(path) { return answer }
    }
    return nil
  }
}
