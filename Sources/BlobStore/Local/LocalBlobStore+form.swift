// SPDX-License-Identifier: Apache-2.0

public import Domain
import Foundation

/// In which form a content is kept.
public enum BlobForm: Equatable, Sendable {
  /// As it came: larger ones until they are settled.
  case raw(bytes: Int64)
  /// A file of its own in its final form.
  case file(bytes: Int64, isCompressed: Bool)
  /// - Parameters:
  ///   - bytes: of its chunks, each once, as they are kept.
  ///   - ownBytes: of those that no other content needs.
  case chunks(count: Int, packs: Int, bytes: Int64, ownBytes: Int64)
}

extension LocalBlobStore {
  /// All forms in which a content is there, the final one last, and whether it is condemned. Empty when it is not there.
  /// - Throws: ``BlobStoreError/damaged(_:_:)`` when its manifest cannot be read.
  public func forms(of digest: Digest) async throws -> [(form: BlobForm, isCondemned: Bool)] {
    var forms: [(form: BlobForm, isCondemned: Bool)] = try await pool.run {
      var forms: [(BlobForm, Bool)] = []
      for place in self.places(of: digest) {
        for (path, isCondemned) in [(place.path, false), (place.condemned, true)] {
          guard let bytes = try OpenFile.reading(path)?.size() else { continue }
          let isRaw = place.path == self.layout.raw(digest)
          let file = BlobForm.file(bytes: bytes, isCompressed: place.path == self.layout.compressed(digest))
          forms.append((isRaw ? .raw(bytes: bytes) : file, isCondemned))
        }
      }
      return forms
    }
    guard let content = try await index.content(digest) else { return forms }
    let chunks = try await manifest(of: digest, content).distinctChunks
    var (packs, own): (Set<UUID>, Int64) = ([], 0)
    for start in stride(from: 0, to: chunks.count, by: 10_000) {
      let part = Array(chunks[start..<min(chunks.count, start + 10_000)])
      packs.formUnion(try await index.places(of: part).values.map(\.pack))
      own += try await index.bytesOfOneContent(among: part)
    }
    let form = BlobForm.chunks(
      count: chunks.count, packs: packs.count, bytes: content.settled.storedBytes, ownBytes: own)
    forms.append((form, content.isCondemned))
    return forms
  }
}
