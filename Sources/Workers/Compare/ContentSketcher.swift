// SPDX-License-Identifier: Apache-2.0

import BlobStore
import CoreMetrics
import DedupEngine
import Domain
import NIOCore
import NIOPosix
import Parsing

/// Makes the sketches of contents that have one: texts of ``TextSketcher/sizes``, pictures of ``PictureSketcher/sizes``.
struct ContentSketcher: Sendable {
  let blobs: any BlobStore
  let parser: Parser?

  struct Outcome: Sendable {
    var sketch: Sketch?
    /// Why there is none, for a content that promised to be a picture.
    var unreadable: String?
  }

  /// - Throws: what reading the blob does.
  func sketch(of digest: Digest, size: Int64) async throws -> Outcome {
    guard TextSketcher.sizes.contains(size) || PictureSketcher.sizes.contains(size) else { return Outcome() }
    var content: [UInt8] = []
    for try await buffer in try await blobs.read(digest) {
      if content.isEmpty {
        // Most contents that are neither show it in their first bytes.
        let head = buffer.readableBytesView
        if PictureSketcher.mayBePicture(head) { return try await picture(digest, size) }
        guard TextSketcher.sizes.contains(size), TextSketcher.mayBeText(head) else { return Outcome() }
        content.reserveCapacity(Int(size))
      }
      content += buffer.readableBytesView
    }
    // Megabytes take milliseconds: not on the threads that everybody's tasks share.
    let sketch = try await NIOThreadPool.singleton.runIfActive { [content] in TextSketcher.sketch(content.span) }
    return Outcome(sketch: sketch)
  }

  private func picture(_ digest: Digest, _ size: Int64) async throws -> Outcome {
    guard let parser, PictureSketcher.sizes.contains(size) else { return Outcome() }
    do {
      let parsed = try await parser.light(side: PictureSketcher.side) { try await blobs.read(digest).collected() }
      return Outcome(sketch: PictureSketcher.sketch(parsed.light))
    } catch ParsingError.unreadable(let reason) {
      WorkerMetrics.unreadable.increment()
      return Outcome(unreadable: reason)
    } catch ParsingError.unavailable {
      // The parser has told the operator.
      return Outcome()
    }
  }
}
