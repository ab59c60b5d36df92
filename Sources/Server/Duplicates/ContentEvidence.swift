// SPDX-License-Identifier: Apache-2.0

import BlobStore
import DedupEngine
import Domain
import NIOCore
import NIOPosix
import Parsing

/// Reads two contents and finds where they differ.
struct ContentEvidence: Sendable {
  let blobs: any BlobStore
  let parser: Parser

  enum Found: Sendable {
    case words(TextDifference)
    case regions(PictureDifference, ParsedLight, ParsedLight)
  }

  /// Nil unless both are texts, or both pictures, of sizes that are compared.
  ///
  /// - Throws: ``ParsingError``, or what reading a blob does.
  func between(_ left: Digest, _ right: Digest) async throws -> Found? {
    switch (try await form(of: left), try await form(of: right)) {
    case (.text, .text): try await words(left, right)
    case (.picture, .picture): try await regions(left, right)
    default: nil
    }
  }

  private enum Form { case text, picture, other }

  private func form(of digest: Digest) async throws -> Form {
    let bytes = try await blobs.read(digest)
    for try await buffer in bytes {
      let head = buffer.readableBytesView
      if PictureSketcher.mayBePicture(head) { return PictureSketcher.sizes.contains(bytes.size) ? .picture : .other }
      return TextSketcher.sizes.upperBound >= bytes.size && TextSketcher.mayBeText(head) ? .text : .other
    }
    return .other
  }

  private func words(_ left: Digest, _ right: Digest) async throws -> Found? {
    let (left, right) = (try await blobs.read(left).collected(), try await blobs.read(right).collected())
    // Long texts take a second: not on the threads that everybody's tasks share.
    return try await NIOThreadPool.singleton.runIfActive {
      TextDifference.between(left, right).map(Found.words)
    }
  }

  private func regions(_ left: Digest, _ right: Digest) async throws -> Found? {
    let (left, right) = (try await light(of: left), try await light(of: right))
    return try await NIOThreadPool.singleton.runIfActive {
      .regions(PictureDifference.between(left.light, right.light), left, right)
    }
  }

  private func light(of digest: Digest) async throws -> ParsedLight {
    try await parser.light(side: PictureDifference.side) { [blobs] in try await blobs.read(digest).collected() }
  }
}
