// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
import Foundation

extension LocalBlobStore {
  public func verify(_ digest: Digest) async throws {
    for try await _ in try await read(digest) {}
    try await verifyEnd(layout.compressed(digest), digest)
  }

  /// The same of one settled file.
  func verifyFile(_ path: String, _ digest: Digest) async throws {
    guard let content = try await pool.run({ try self.open(path, digest) }) else { return }
    for try await _ in try BlobBytes(digest: digest, content: content, range: nil, pool: pool) {}
    try await verifyEnd(path, digest)
  }

  private func verifyEnd(_ path: String, _ digest: Digest) async throws {
    guard path.hasSuffix(".lz4"), let frame = try await pool.run({ try OpenFile.reading(path) }) else { return }
    do {
      try await pool.run { try Self.verifyFrame(frame) }
    } catch let error as LZ4FrameError {
      throw BlobStoreError.damaged(digest, error.description)
    }
  }

  /// What reading by blocks passes over: the frame's end, and the checksum of the whole. Blocks the calling thread.
  private static func verifyFrame(_ file: OpenFile) throws {
    var decoder = try LZ4StreamDecoder()
    let size = try file.size()
    for offset in stride(from: 0, to: size, by: 1 << 20) {
      _ = try decoder.add(file.read(at: offset, count: Int(min(1 << 20, size - offset))))
    }
    try decoder.finish()
  }
}
