// SPDX-License-Identifier: Apache-2.0

public import Domain
import Foundation

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
    if let chunks = try await packs.form(of: digest) { forms.append(chunks) }
    return forms
  }
}
