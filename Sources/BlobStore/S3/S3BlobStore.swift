// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
public import Domain
public import Foundation
import Glibc
public import NIOCore
public import Postgres
import Synchronization

/// Blobs as chunks in packs, which are objects of an S3-compatible bucket.
///
/// Contents are settled as they are published: cut into chunks, of which those that are kept already do not travel. What is acknowledged is
/// in the bucket and in the index of chunks. The directory is for bytes on their way alone; when it is lost, so are uploads that were
/// under way.
///
/// Several stores, of any number of machines, may share one bucket: they must share the index of chunks as well.
public final class S3BlobStore: BlobStore {
  /// How often a content is looked at anew because others did something to it meanwhile.
  private static let attemptLimit = 5

  let layout: BlobLayout
  let disk: Disk
  let pool: BlockingPool
  let packs: PackStore
  let client: S3Client
  private let company: PublishingCompany
  private let installation: @Sendable () async throws -> UUID?
  private let isClaimed = Mutex(false)

  private var index: any ChunkIndex { packs.index }

  /// Opens the store; blocks until the bucket has answered.
  ///
  /// - Parameters:
  ///   - staging: a directory for bytes on their way, created for this user only.
  ///   - database: where the index of chunks is.
  ///   - installation: tells this one from all others; nil while there is nothing by which it could.
  ///   - threads: how many requests may be under way at once.
  /// - Throws: ``BlobStoreError/unavailable(_:)``, which says what to do.
  public convenience init(
    _ configuration: S3Configuration, staging: String, database: PostgresPool,
    compression: ChunkCompression = .lz4, installation: @escaping @Sendable () async throws -> UUID?, threads: Int = 16
  ) throws(BlobStoreError) {
    try self.init(
      configuration, staging: staging, index: PostgresChunkIndex(pool: database), compression: compression,
      installation: installation, threads: threads)
  }

  init(
    _ configuration: S3Configuration, staging: String, index: any ChunkIndex, compression: ChunkCompression = .lz4,
    installation: @escaping @Sendable () async throws -> UUID?, threads: Int = 16,
    packSize: Int64 = PackingDraft.packSize
  ) throws(BlobStoreError) {
    self.installation = installation
    layout = BlobLayout(root: staging)
    disk = Disk()
    pool = BlockingPool(threadCount: threads)
    client = S3Client(configuration)
    try disk.createDirectory(staging)
    try disk.createDirectory(layout.staged)
    packs = PackStore(
      storage: S3PackStorage(client: client, disk: disk, pool: pool), index: index,
      staging: PackStaging(layout: layout, disk: disk, compression: compression),
      chunkers: Chunkers(secret: try Self.secret(client)), pool: pool,
      packSize: packSize)
    company = PublishingCompany()
    BlobMetrics.begin()
  }

  /// What contents are cut by: made by whoever opens the bucket first.
  private static func secret(_ client: S3Client) throws(BlobStoreError) -> [UInt8] {
    let name = "chunking.secret"
    if let secret = try client.read(name) { return secret }
    var random = SystemRandomNumberGenerator()
    _ = try client.create(name, (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    // Another may have been quicker.
    guard let kept = try client.read(name) else { throw .unavailable("\(client.place(name)) is gone") }
    return kept
  }

  /// Makes sure that the bucket's place is of one installation alone: two indexes over one place would each remove what the other one needs.
  ///
  /// - Returns: false while the installation has nothing by which it could be told from others; then the place is empty.
  /// - Throws: ``BlobStoreError/foreign(_:)``.
  @discardableResult
  public func claim() async throws -> Bool {
    let own = try await installation()?.uuidString.lowercased()
    let known = try await index.packs()
    return try await pool.run { [client, packs] in
      let name = "installation"
      func owner() throws -> String? { try client.read(name).map { String(decoding: $0, as: UTF8.self) } }
      if try owner() == nil {
        // Nobody's yet: then what is in it must be known here.
        let there = try packs.storage.list().map(\.id)
        guard there.isEmpty || !known.isDisjoint(with: there) else { throw BlobStoreError.foreign(client.place("")) }
        guard let own else { return false }
        _ = try client.create(name, Array(own.utf8))
      }
      guard try owner() == own else { throw BlobStoreError.foreign(client.place("")) }
      return true
    }
  }

  /// Before the first pack of this process goes into the bucket.
  private func claimOnce() async throws {
    guard !isClaimed.withLock({ $0 }) else { return }
    let claimed = try await claim()
    isClaimed.withLock { $0 = claimed }
  }

  /// Keeps an object, reads it and removes it.
  ///
  /// - Returns: the place, and the seconds until the object was kept.
  /// - Throws: ``BlobStoreError/unavailable(_:)``.
  public static func trial(_ configuration: S3Configuration) async throws -> (place: String, seconds: Double) {
    try await BlockingPool(threadCount: 1).run {
      let client = S3Client(configuration)
      let name = "trials/\(UUID().uuidString.lowercased())"
      let bytes = [UInt8](repeating: 0x5a, count: 4096)
      let start = ContinuousClock.now
      _ = try client.create(name, bytes)
      let seconds = start.duration(to: .now) / .seconds(1)
      guard try client.read(name, range: 1..<4096) == Array(bytes.dropFirst()) else {
        throw BlobStoreError.unavailable("\(client.place(name)): what was kept is not what is read")
      }
      try client.remove(name)
      return (client.place(""), seconds)
    }
  }

  // MARK: Publishing

  public func stage() async throws -> any StagedBlob { S3StagedBlob(store: self) }

  public func publish(_ contents: [WholeContent]) async throws -> [Result<PublishedBlob, BlobStoreError>] {
    let results = await pool.each(contents) { content in try content.identify() }.map { result in
      result.mapError { $0 as? BlobStoreError ?? .closed }
    }
    var small: [Digest: ByteBuffer] = [:]
    for (content, result) in zip(contents, results) {
      guard case .success(let blob) = result else { continue }
      if (1...Spool.inMemoryLimit).contains(content.bytes.readableBytes) {
        small[blob.digest] = content.bytes
      } else {
        let staged = S3StagedBlob(store: self)
        do {
          try await staged.write(content.bytes)
          _ = try await staged.publish(expecting: nil)
        } catch {
          await staged.discard()
          throw error
        }
      }
    }
    try await keep(small)
    for case .success(let blob) in results { BlobMetrics.published(blob) }
    return results
  }

  /// A content that is one chunk shares a pack with those that come while the pack before it is on its way.
  func keep(_ content: ByteBuffer, _ digest: Digest) async throws {
    try await company.join(digest, content) { contents in try await self.keep(contents) }
  }

  /// Contents of one chunk each.
  private func keep(_ contents: [Digest: ByteBuffer]) async throws {
    try await claimOnce()
    var missing = contents
    for _ in 0..<Self.attemptLimit where !missing.isEmpty {
      let known = try await index.contents(among: Array(missing.keys))
      let live = try await restored(known)
      // What was cut into chunks by another rule is looked at by itself.
      for (digest, content) in live where !content.isOneChunk {
        if try await packs.damaged(digest, content).isEmpty { missing[digest] = nil }
      }
      let (whole, damaged) = try await packs.check(live.filter { $0.value.isOneChunk })
      for digest in whole { missing[digest] = nil }
      let new = missing.filter { known[$0.key] == nil || damaged.contains($0.key) }
      guard !new.isEmpty else { continue }
      try await packs.pack(new, insteadOf: damaged)
      for _ in damaged { BlobMetrics.mended() }
    }
    guard missing.isEmpty else { throw BlobStoreError.unavailable("contents came and went while they were published") }
  }

  /// A content that is in a file.
  func keep(_ file: OpenFile, _ digest: Digest) async throws {
    try await claimOnce()
    for _ in 0..<Self.attemptLimit {
      let known = try await index.contents(among: [digest])
      guard let content = try await restored(known)[digest] else {
        if known.isEmpty { try await pack(file, digest) }
        continue
      }
      // It was sent again: the occasion to see whether it is whole, and to mend it.
      let damaged = try await packs.damaged(digest, content)
      if damaged.isEmpty { return }
      try await pack(file, digest, insteadOf: damaged)
      BlobMetrics.mended()
    }
    throw BlobStoreError.damaged(digest, "some of its chunks cannot be mended")
  }

  private func pack(_ file: OpenFile, _ digest: Digest, insteadOf damaged: Set<Digest> = []) async throws {
    // What was written is read.
    guard let raw = try await pool.run({ try OpenFile.reading(file.path) }) else { throw BlobStoreError.closed }
    try await packs.pack(raw, digest, insteadOf: damaged)
  }

  /// Those that are there still. A condemned one is needed again: from the moment on at which the sentence is taken back, in one step of
  /// the index, nobody removes it.
  private func restored(_ known: [Digest: ChunkedContent]) async throws -> [Digest: ChunkedContent] {
    var live = known
    for (digest, content) in known where content.isCondemned {
      guard try await !index.restore(digest) else { continue }
      // Restored by another, or removed.
      live[digest] = try await index.content(digest).flatMap { $0.isCondemned ? nil : $0 }
    }
    return live
  }

  // MARK: Reading

  /// Nothing is left to do: what is published is settled.
  public func settle(_ digest: Digest) async throws -> SettledBlob {
    guard let content = try await index.content(digest) else { throw BlobStoreError.notFound(digest) }
    if content.isCondemned { try await restore(digest) }
    return content.settled
  }

  public func contains(_ digest: Digest) async throws -> Bool { try await index.content(digest) != nil }

  public func size(of digest: Digest) async throws -> Int64 {
    guard let content = try await index.content(digest) else { throw BlobStoreError.notFound(digest) }
    return content.settled.size
  }

  public func read(_ digest: Digest, range: Range<Int64>?) async throws -> BlobBytes {
    guard let content = try await index.content(digest) else { throw BlobStoreError.notFound(digest) }
    return try BlobBytes(
      digest: digest, content: try await packs.open(content, digest), range: range, pool: pool)
  }

  // MARK: Removing

  public func condemn(_ digest: Digest) async throws -> Int64 { try await index.condemn(digest) ?? 0 }

  public func restore(_ digest: Digest) async throws { _ = try await index.restore(digest) }

  public func removeCondemned(_ digest: Digest) async throws -> Int64? { try await packs.removeCondemned(digest) }

  public func findPacks(olderThan age: Duration) async throws -> Set<Digest> {
    guard try await claim() else { return [] }
    return try await packs.findPacks(olderThan: age)
  }

  public func readTogether(_ digests: [Digest]) async throws -> [Digest: ByteBuffer] {
    try await packs.readTogether(digests)
  }

  public func tidyPacks(olderThan age: Duration) async throws -> Tidying {
    guard try await claim() else { return Tidying() }
    return try await packs.tidyPacks(olderThan: age)
  }

  public func chunkTotals() async throws -> ChunkTotals { try await index.totals() }

  public func sweepStaged(olderThan age: Duration) async throws -> Int {
    let oldest = time(nil) - Int(age.components.seconds)
    return try await pool.run { [disk, layout] in try disk.sweep(layout.staged, writtenBefore: oldest) }
  }
}

extension S3BlobStore: ExaminedBlobStore {
  public func forms(of digest: Digest) async throws -> [(form: BlobForm, isCondemned: Bool)] {
    try await packs.form(of: digest).map { [$0] } ?? []
  }

  public func checkPacks() async throws -> [PackFinding] { try await packs.checkPacks() }

  public func repairPacks() async throws { try await packs.repairPacks() }

  public func recount(_ share: StoreRecount.Share) async throws -> StoreRecount { try await packs.recount(share) }
}

/// A staged content of an ``S3BlobStore``.
final class S3StagedBlob: StagedBlob {
  private let store: S3BlobStore
  private let spool: Spool

  init(store: S3BlobStore) {
    self.store = store
    spool = Spool(path: store.layout.newStagedPath(), disk: store.disk, pool: store.pool)
  }

  func write(_ bytes: ByteBuffer) async throws { try await spool.write(bytes) }

  func finish(expecting expected: Digest?) async throws -> PublishedBlob {
    let blob = try await publish(expecting: expected)
    BlobMetrics.published(blob)
    return blob
  }

  /// The same, without being counted.
  func publish(expecting expected: Digest?) async throws -> PublishedBlob {
    let (blob, content) = try await spool.finish(expecting: expected)
    switch content {
    case .memory(let bytes) where blob.size > 0: try await store.keep(bytes, blob.digest)
    case .memory: try await keepFile(try await emptyFile(), blob.digest)
    case .file(let file): try await keepFile(file, blob.digest)
    }
    return blob
  }

  private func keepFile(_ file: OpenFile, _ digest: Digest) async throws {
    let result: Result<Void, any Error>
    do { result = .success(try await store.keep(file, digest)) } catch { result = .failure(error) }
    // What cannot be removed now is swept later.
    try? await store.pool.run { [disk = store.disk] in try disk.remove(file.path) }
    try result.get()
  }

  /// A content without bytes has no chunk, and a manifest all the same.
  private func emptyFile() async throws -> OpenFile {
    try await store.pool.run { [disk = store.disk, layout = store.layout] in try disk.create(layout.newStagedPath()) }
  }

  func discard() async { await spool.discard() }
}
