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
    /// They hold the same, and have no words that could differ.
    case sameInside
  }

  /// Nil unless both have words, both are pictures, or both hold the same, and are of sizes that are compared.
  ///
  /// - Throws: ``ParsingError``, or what reading a blob does.
  func between(_ left: Digest, _ right: Digest) async throws -> Found? {
    switch (try await form(of: left), try await form(of: right)) {
    case (.picture, .picture): return try await regions(left, right)
    case (.picture, _), (_, .picture), (nil, _), (_, nil): return nil
    case (let leftForm?, let rightForm?):
      let (left, right) = (try await words(of: left, leftForm), try await words(of: right, rightForm))
      // Long texts take a second: not on the threads that everybody's tasks share.
      return try await NIOThreadPool.singleton.runIfActive {
        if left.identity != nil, left.identity == right.identity, left.text.isEmpty { return .sameInside }
        return TextDifference.between(left.text, right.text).map(Found.words)
      }
    }
  }

  private func form(of digest: Digest) async throws -> ContentForm? {
    let bytes = try await blobs.read(digest)
    for try await buffer in bytes { return ContentForm(head: buffer.readableBytesView, size: bytes.size) }
    return nil
  }

  private func words(of digest: Digest, _ form: ContentForm) async throws -> (text: [UInt8], identity: [UInt8]?) {
    let read: @Sendable () async throws -> [UInt8] = { [blobs] in try await blobs.read(digest).collected() }
    guard form == .document else { return (try await read(), nil) }
    let document = try await parser.document(of: read)
    return (document.text, document.identity)
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
