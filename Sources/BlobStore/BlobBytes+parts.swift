// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
import NIOCore

extension BlobBytes {
  /// Bytes that are cut at a time.
  private static let windowSize = 4 << 20

  /// Gives the parts by which contents of any kind are compared, in order; of the content no more than a window is in memory.
  ///
  /// - Throws: what reading does.
  public func forEachPart(_ body: ([ByteSketcher.Part]) -> Void) async throws {
    var window: [UInt8] = []
    func cut(isLast: Bool) async throws {
      let (parts, count) = try await BlockingPool.run(on: pool) { [window] in
        ByteSketcher.parts(of: window.span.bytes, isLast: isLast)
      }
      window.removeFirst(count)
      body(parts)
    }
    for try await buffer in self {
      window += buffer.readableBytesView
      if window.count >= Self.windowSize { try await cut(isLast: false) }
    }
    try await cut(isLast: true)
  }
}
