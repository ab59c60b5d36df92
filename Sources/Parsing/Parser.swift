// SPDX-License-Identifier: Apache-2.0

public import Logging
import NIOPosix

/// A ``BlockingParser`` for tasks: a few contents at a time, on threads that nobody else needs.
public actor Parser {
  private let children: BlockingParser
  private let limit: Int
  private let logger: Logger
  private var inside = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var isMissed = false

  /// - Parameter limit: how many contents are read at the same time; each takes a processor, and memory.
  public init(_ children: BlockingParser = BlockingParser(), limit: Int = 2, logger: Logger) {
    self.children = children
    self.limit = limit
    self.logger = logger
  }

  /// The light of a picture at `side` by `side` points, whatever its form.
  ///
  /// - Parameter read: gives the content, once it is its turn: so only few are in memory.
  /// - Throws: ``ParsingError``, or what `read` does.
  public func light(side: Int, of read: @Sendable () async throws -> [UInt8]) async throws -> ParsedLight {
    try await inTurn(read) { try $0.light(side: side, of: $1) }
  }

  /// A picture, upright and at most `side` points wide and high, as WebP without anything that came with it.
  ///
  /// - Throws: as ``light(side:of:)``.
  public func preview(side: Int, of read: @Sendable () async throws -> [UInt8]) async throws -> [UInt8] {
    try await inTurn(read) { try $0.preview(side: side, of: $1) }
  }

  /// The words of a document, or what an archive holds.
  ///
  /// - Throws: as ``light(side:of:)``.
  public func document(of read: @Sendable () async throws -> [UInt8]) async throws -> ParsedDocument {
    try await inTurn(read) { try $0.document(of: $1) }
  }

  private func inTurn<Value: Sendable>(
    _ read: @Sendable () async throws -> [UInt8],
    _ parse: @escaping @Sendable (BlockingParser, [UInt8]) throws -> Value
  ) async throws -> Value {
    await enter()
    defer { leave() }
    let content = try await read()
    do {
      return try await NIOThreadPool.singleton.runIfActive { [children] in try parse(children, content) }
    } catch ParsingError.unavailable(let reason) {
      if !isMissed {
        logger.warning(
          "Pictures and documents are not compared, and pictures not shown", metadata: ["reason": "\(reason)"])
      }
      isMissed = true
      throw ParsingError.unavailable(reason)
    }
  }

  private func enter() async {
    if inside < limit {
      inside += 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func leave() {
    if waiting.isEmpty { inside -= 1 } else { waiting.removeFirst().resume() }
  }
}
