// SPDX-License-Identifier: Apache-2.0

import BlobStore
import DedupEngine
import Domain
import NIOCore
import NIOPosix

/// Makes the sketches of contents that have one: texts of ``TextSketcher/sizes``.
struct ContentSketcher: Sendable {
  let blobs: any BlobStore

  /// - Throws: what reading the blob does.
  func sketch(of digest: Digest, size: Int64) async throws -> Sketch? {
    guard TextSketcher.sizes.contains(size) else { return nil }
    var content: [UInt8] = []
    content.reserveCapacity(Int(size))
    for try await buffer in try await blobs.read(digest) {
      // Most contents that are no texts show it in their first bytes.
      if content.isEmpty, !TextSketcher.mayBeText(buffer.readableBytesView) { return nil }
      content += buffer.readableBytesView
    }
    // Megabytes take milliseconds: not on the threads that everybody's tasks share.
    return try await NIOThreadPool.singleton.runIfActive { [content] in TextSketcher.sketch(content.span) }
  }
}
