// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
import Glibc

/// Blobs as files in a directory tree; see ``BlobLayout`` for the places.
///
/// Several stores, also of several processes, may share one root: they meet only in the file system's atomic steps.
public final class LocalBlobStore: BlobStore {
  public static let defaultThreadCount = 16

  let layout: BlobLayout
  let disk: Disk
  let pool: BlockingPool
  let durability: DurabilityGroup

  /// Opens the store, creating what is missing; blocks for some milliseconds the first time.
  ///
  /// - Parameters:
  ///   - root: a directory, created for this user only. All of it must be on one file system.
  ///   - threads: how many disk calls may be under way at once.
  public convenience init(root: String, threads: Int = defaultThreadCount) throws(BlobStoreError) {
    try self.init(root: root, threads: threads, disk: Disk())
  }

  init(root: String, threads: Int = defaultThreadCount, disk: Disk) throws(BlobStoreError) {
    layout = BlobLayout(root: root)
    self.disk = disk
    pool = BlockingPool(threadCount: threads)
    durability = DurabilityGroup(disk: disk, pool: pool)
    try layout.create(on: disk)
  }

  public func stage() async throws -> any StagedBlob { LocalStagedBlob(store: self) }

  public func contains(_ digest: Digest) async throws -> Bool {
    try await pool.run { self.find(digest) { access($0, F_OK) == 0 ? true : nil } ?? false }
  }

  public func size(of digest: Digest) async throws -> Int64 {
    try await pool.run { try self.open(digest).size }
  }

  public func read(_ digest: Digest, range: Range<Int64>?) async throws -> BlobBytes {
    let content = try await pool.run { try self.open(digest) }
    return try BlobBytes(digest: digest, content: content, range: range, pool: pool)
  }

  public func sweepStaged(olderThan age: Duration) async throws -> Int {
    let oldest = time(nil) - Int(age.components.seconds)
    return try await pool.run { try self.sweepStaged(writtenBefore: oldest) }
  }

  private func sweepStaged(writtenBefore oldest: time_t) throws(BlobStoreError) -> Int {
    guard let listing = opendir(layout.staged) else { throw .current("opendir", layout.staged) }
    defer { closedir(listing) }
    var swept = 0
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      }
      let path = "\(layout.staged)/\(name)"
      var status = stat()
      // What is gone by now was finished or discarded.
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mtim.tv_sec < oldest else {
        continue
      }
      try disk.remove(path)
      swept += 1
    }
    return swept
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

  /// Opens a blob in whichever form it is.
  func open(_ digest: Digest) throws -> any BlobContent {
    guard let file = try find(digest, { try OpenFile.reading($0) }) else { throw BlobStoreError.notFound(digest) }
    return file.path.hasSuffix(".lz4")
      ? try CompressedContent(digest: digest, file: file) : try RawContent(digest: digest, file: file)
  }

  /// The first answer among the paths where a blob may be, condemned ones too; see ``BlobLayout`` for why it looks twice.
  private func find<Answer>(_ digest: Digest, _ look: (String) throws -> Answer?) rethrows -> Answer? {
    let places = places(of: digest)
    let usual = places.map(\.path)
    for path in usual + places.map(\.condemned) + usual {
      if let answer = try look(path) { return answer }
    }
    return nil
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
