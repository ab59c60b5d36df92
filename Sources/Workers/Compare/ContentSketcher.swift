// SPDX-License-Identifier: Apache-2.0

import BlobStore
import CoreMetrics
import DedupEngine
import Domain
import NIOCore
import NIOPosix
import Parsing

/// Makes the sketches of contents that have one: see ``ContentForm``.
struct ContentSketcher: Sendable {
  let blobs: any BlobStore
  let parser: Parser?

  struct Outcome: Sendable {
    var sketch: Sketch?
    /// What a document is written in, if the sketch is of one.
    var form: DocumentForm?
    /// Why there is none, for a content that promised to be a picture or a document.
    var unreadable: String?
  }

  /// - Throws: what reading the blob does.
  func sketch(of digest: Digest, size: Int64) async throws -> Outcome {
    guard size >= ContentForm.leastSize else { return Outcome() }
    var content: [UInt8] = []
    for try await buffer in try await blobs.read(digest) {
      if content.isEmpty {
        // Most contents that are not compared show it in their first bytes.
        switch ContentForm(head: buffer.readableBytesView, size: size) {
        case nil: return Outcome()
        case .picture: return try await parsed { try await picture(digest, $0) }
        case .document: return try await parsed { try await document(digest, $0) }
        case .text: content.reserveCapacity(Int(size))
        }
      }
      content += buffer.readableBytesView
    }
    return Outcome(sketch: try await sketch(ofText: content))
  }

  private func picture(_ digest: Digest, _ parser: Parser) async throws -> Outcome {
    let parsed = try await parser.light(side: PictureSketcher.side) { try await blobs.read(digest).collected() }
    return Outcome(sketch: PictureSketcher.sketch(parsed.light))
  }

  private func document(_ digest: Digest, _ parser: Parser) async throws -> Outcome {
    let parsed = try await parser.document { try await blobs.read(digest).collected() }
    return Outcome(sketch: try await sketch(ofText: parsed.text), form: parsed.form)
  }

  private func sketch(ofText text: [UInt8]) async throws -> Sketch? {
    // Megabytes take milliseconds: not on the threads that everybody's tasks share.
    try await NIOThreadPool.singleton.runIfActive { TextSketcher.sketch(text.span) }
  }

  private func parsed(_ body: (Parser) async throws -> Outcome) async throws -> Outcome {
    guard let parser else { return Outcome() }
    do {
      return try await body(parser)
    } catch ParsingError.unreadable(let reason) {
      WorkerMetrics.unreadable.increment()
      return Outcome(unreadable: reason)
    } catch ParsingError.unavailable {
      // The parser has told the operator.
      return Outcome()
    }
  }
}
