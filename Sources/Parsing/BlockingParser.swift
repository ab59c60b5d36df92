// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Has contents read by child processes that may do nothing else: formats are intricate, and whoever sends a file chooses the bytes.
///
/// There are as many children as threads ask at the same time; they are started when they are needed, and stay. What one content can do is to end
/// its child: it is told to be unreadable, with the reason, and another child takes the next.
public final class BlockingParser: Sendable {
  private let program: String
  private let idle = Mutex<[ParserChild]>([])

  /// Where `onefold-parser` is expected: in the directory of the running program.
  public static var programBesideThis: String {
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: program ?? ".").deletingLastPathComponent().appending(path: "onefold-parser").path
  }

  /// The largest content that is read, in bytes.
  public static let contentLimit = Int64(ParserRequest.contentLimit)

  /// - Parameter program: the path of `onefold-parser`.
  public init(program: String = programBesideThis) { self.program = program }

  /// The light of a picture at `side` by `side` points, whatever its form. Blocks its thread.
  public func light(side: Int, of content: [UInt8]) throws(ParsingError) -> ParsedLight {
    let body = try answer(.light(side: UInt16(side)), of: content)
    guard let light = ParsedLight(wire: body, side: side) else { throw strangeAnswer }
    return light
  }

  /// A picture, upright and at most `side` points wide and high, as WebP without anything that came with it. Blocks its thread.
  public func preview(side: Int, of content: [UInt8]) throws(ParsingError) -> [UInt8] {
    try answer(.preview(side: UInt16(side)), of: content)
  }

  /// The words of a document, or what an archive holds. Blocks its thread.
  public func document(of content: [UInt8]) throws(ParsingError) -> ParsedDocument {
    guard let document = ParsedDocument(wire: try answer(.document, of: content)) else { throw strangeAnswer }
    return document
  }

  private var strangeAnswer: ParsingError { .unavailable("\(program) is of another version than this program.") }

  private func answer(_ request: ParserRequest, of content: [UInt8]) throws(ParsingError) -> [UInt8] {
    guard content.count <= ParserRequest.contentLimit else {
      throw .unreadable("It has more than \(ParserRequest.contentLimit >> 20) MiB.")
    }
    // A child may end for a reason of its own, and may have ended long ago: it is the content's fault only if a new one ends too.
    var lastWords = ""
    var rested = idle.withLock { $0.popLast() }
    for _ in 0..<2 {
      let child = if let rested { rested } else { try ParserChild(program: program) }
      rested = nil
      guard let answer = child.ask(request, of: content) else {
        guard !child.isUnfit else {
          throw .unavailable(
            "\(program) cannot work here. \(child.lastWords) Run it by hand, with its input from /dev/null.")
        }
        lastWords = child.lastWords
        continue
      }
      idle.withLock { $0.append(child) }
      switch answer {
      case .answer(let body): return body
      case .unreadable(let reason): throw .unreadable(reason)
      }
    }
    throw .unreadable(lastWords)
  }
}
