// SPDX-License-Identifier: Apache-2.0

public import Domain
import Glibc

extension LocalBlobStore {
  public func condemn(_ digest: Digest) async throws -> Int64 {
    let files = try await pool.run {
      try self.layout.condemnationLock.exclusive { () throws(BlobStoreError) in
        for place in self.places(of: digest) {
          try self.move(place.path, to: place.condemned, from: place.directory, into: self.layout.condemned)
        }
      }
      return try self.condemnedBytes(digest)
    }
    return files + (try await index.condemn(digest) ?? 0)
  }

  public func restore(_ digest: Digest) async throws {
    _ = try await pool.run { try self.restoreFiles(digest) }
    _ = try await index.restore(digest)
  }

  public func removeCondemned(_ digest: Digest) async throws -> Int64? {
    // Chunks first: a crash in between leaves the files, and with them the memory that there is something to remove.
    let chunks = try await packs.removeCondemned(digest)
    let files: Int64? = try await pool.run {
      let bytes = try self.condemnedBytes(digest)
      guard bytes > 0 || self.isCondemned(digest) else { return nil }
      for place in self.places(of: digest) { try self.disk.remove(place.condemned) }
      try self.disk.syncDirectory(self.layout.condemned)
      return bytes
    }
    if chunks == nil, files == nil { return nil }
    return (chunks ?? 0) + (files ?? 0)
  }

  /// Blocks the calling thread.
  /// - Returns: whether anything was condemned.
  func restoreFiles(_ digest: Digest) throws(BlobStoreError) -> Bool {
    var wasCondemned = false
    for place in places(of: digest) {
      if try move(place.condemned, to: place.path, from: layout.condemned, into: place.directory) {
        wasCondemned = true
      }
    }
    return wasCondemned
  }

  /// Durable at its new place before it is durably gone from the old one. What has the new name already is the same content.
  /// - Returns: whether it was there.
  @discardableResult
  private func move(
    _ path: String, to name: String, from old: String, into new: String
  ) throws(BlobStoreError) -> Bool {
    guard try disk.rename(path, to: name) else { return false }
    try disk.syncDirectory(new)
    try disk.syncDirectory(old)
    return true
  }

  private func condemnedBytes(_ digest: Digest) throws(BlobStoreError) -> Int64 {
    var bytes: Int64 = 0
    for place in places(of: digest) { bytes += try OpenFile.reading(place.condemned)?.size() ?? 0 }
    return bytes
  }

  /// An empty content has no bytes, and a file all the same.
  private func isCondemned(_ digest: Digest) -> Bool {
    places(of: digest).contains { access($0.condemned, F_OK) == 0 }
  }
}
