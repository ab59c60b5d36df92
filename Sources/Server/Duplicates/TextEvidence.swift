// SPDX-License-Identifier: Apache-2.0

import BlobStore
import DedupEngine
import Domain
import NIOCore
import NIOPosix

/// Reads two contents and finds the words in which they differ.
struct TextEvidence: Sendable {
  let blobs: any BlobStore

  /// Nil unless both are texts of a size that is compared.
  ///
  /// - Throws: what reading a blob does.
  func between(_ left: Digest, _ right: Digest) async throws -> TextDifference? {
    guard let left = try await content(of: left), let right = try await content(of: right) else { return nil }
    // Long texts take a second: not on the threads that everybody's tasks share.
    return try await NIOThreadPool.singleton.runIfActive { TextDifference.between(left, right) }
  }

  private func content(of digest: Digest) async throws -> [UInt8]? {
    var content: [UInt8] = []
    for try await buffer in try await blobs.read(digest) {
      if content.isEmpty, !TextSketcher.mayBeText(buffer.readableBytesView) { return nil }
      content += buffer.readableBytesView
      guard content.count <= TextSketcher.sizes.upperBound else { return nil }
    }
    return content
  }
}
