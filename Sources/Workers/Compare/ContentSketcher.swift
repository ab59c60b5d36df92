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
    /// One of each algorithm at most.
    var sketches: [Sketch] = []
    /// What a document is written in, if the sketches are of one.
    var form: DocumentForm?
    /// Why there are none, for a content that promised to be a picture or a document.
    var unreadable: String?
  }

  /// - Throws: what reading the blob does.
  func sketch(of digest: Digest, size: Int64) async throws -> Outcome {
    var outcome = try await sketchByForm(digest, size: size)
    // Words and looks say more. That two are the same in another form says nothing about those that are not.
    if size >= ByteSketcher.leastSize, outcome.sketches.allSatisfy({ $0.algorithm == .canonical }),
      let sketch = try await bytes(of: digest)
    {
      outcome.sketches.append(sketch)
    }
    return outcome
  }

  private func sketchByForm(_ digest: Digest, size: Int64) async throws -> Outcome {
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
    // Megabytes take milliseconds: not on the threads that everybody's tasks share.
    return Outcome(
      sketches: try await NIOThreadPool.singleton.runIfActive { [content] in Sketch.all(ofText: content) })
  }

  /// However long the content is, a window of it is in memory.
  private func bytes(of digest: Digest) async throws -> Sketch? {
    var sketcher = ByteSketcher()
    try await blobs.read(digest).forEachPart { sketcher.add($0) }
    return sketcher.finish()
  }

  private func picture(_ digest: Digest, _ parser: Parser) async throws -> Outcome {
    let parsed = try await parser.light(side: PictureSketcher.side) { try await blobs.read(digest).collected() }
    return Outcome(sketches: parsed.sketches)
  }

  private func document(_ digest: Digest, _ parser: Parser) async throws -> Outcome {
    let parsed = try await parser.document { try await blobs.read(digest).collected() }
    let sketches = try await NIOThreadPool.singleton.runIfActive { parsed.sketches }
    return Outcome(sketches: sketches, form: parsed.form)
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
