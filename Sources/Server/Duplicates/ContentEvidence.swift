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
    case bytes(ByteDifference)
  }

  /// Both are read while somebody waits.
  private static let byteLimit: Int64 = 256 << 20

  /// What says the most: words where both have some, the looks of pictures, the bytes otherwise. Nil for contents that are too small or too large
  /// for that.
  ///
  /// - Throws: ``ParsingError``, or what reading a blob does.
  func between(_ left: Digest, _ right: Digest) async throws -> Found? {
    do {
      if let found = try await betweenForms(left, right) { return found }
    } catch ParsingError.unreadable(let reason) {
      guard let found = try await bytes(left, right) else { throw ParsingError.unreadable(reason) }
      return found
    }
    return try await bytes(left, right)
  }

  private func bytes(_ left: Digest, _ right: Digest) async throws -> Found? {
    var parts: [[ByteSketcher.Part]] = []
    for digest in [left, right] {
      let bytes = try await blobs.read(digest)
      guard (ByteSketcher.leastSize...Self.byteLimit).contains(bytes.size) else { return nil }
      var found: [ByteSketcher.Part] = []
      try await bytes.forEachPart { found += $0 }
      parts.append(found)
    }
    return try await NIOThreadPool.singleton.runIfActive { [parts] in .bytes(ByteDifference.between(parts[0], parts[1]))
    }
  }

  private func betweenForms(_ left: Digest, _ right: Digest) async throws -> Found? {
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
