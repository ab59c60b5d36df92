// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import NIOCore

extension PackStore {
  /// Contents that are one chunk each, read at the cost of few: two questions to the index, and packs from front to back.
  ///
  /// - Returns: those that could be read; of the others nothing is said.
  /// - Throws: the index' error.
  func readTogether(_ digests: [Digest]) async throws -> [Digest: ByteBuffer] {
    let contents = try await index.contents(among: digests).filter { $0.value.isOneChunk }
    guard !contents.isEmpty else { return [:] }
    let places = try await index.places(of: Array(contents.keys)).sorted { left, right in
      (left.value.pack.uuidString, left.value.offset) < (right.value.pack.uuidString, right.value.offset)
    }
    return try await pool.run {
      let files = files
      var bytes: [Digest: ByteBuffer] = [:]
      for (digest, place) in places {
        // Whoever needs one that is damaged, or written anew just now, reads it alone and is told.
        guard let chunk = try? files.chunk(digest, at: place, of: digest) else { continue }
        bytes[digest] = ByteBuffer(bytes: chunk)
      }
      return bytes
    }
  }
}
