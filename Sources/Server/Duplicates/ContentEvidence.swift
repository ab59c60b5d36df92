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

  /// Nil unless both have words, or both are pictures, of sizes that are compared.
  ///
  /// - Throws: ``ParsingError``, or what reading a blob does.
  func between(_ left: Digest, _ right: Digest) async throws -> Found? {
    switch (try await form(of: left), try await form(of: right)) {
    case (.picture, .picture): return try await regions(left, right)
    case (.picture, _), (_, .picture), (nil, _), (_, nil): return nil
    case (let leftForm?, let rightForm?):
      let (left, right) = (try await text(of: left, leftForm), try await text(of: right, rightForm))
      // Long texts take a second: not on the threads that everybody's tasks share.
      return try await NIOThreadPool.singleton.runIfActive {
        TextDifference.between(left, right).map(Found.words)
      }
    }
  }

  private func form(of digest: Digest) async throws -> ContentForm? {
    let bytes = try await blobs.read(digest)
    for try await buffer in bytes { return ContentForm(head: buffer.readableBytesView, size: bytes.size) }
    return nil
  }

  private func text(of digest: Digest, _ form: ContentForm) async throws -> [UInt8] {
    let read: @Sendable () async throws -> [UInt8] = { [blobs] in try await blobs.read(digest).collected() }
    return form == .document ? try await parser.document(of: read).text : try await read()
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
