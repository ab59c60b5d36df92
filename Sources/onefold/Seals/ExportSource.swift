// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Glibc
import Synchronization

/// An export file as it is read: decompressed when its name ends in `.lz4`.
final class ExportSource: Sendable {
  private static let pieceSize = 256 << 10

  private struct State: ~Copyable {
    let handle: FileHandle
    var decoder: LZ4StreamDecoder?
    var isAtEnd = false
  }

  private let state: Mutex<State>

  init(path: String) throws {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw CommandError("\(path): \(String(cString: strerror(errno)))")
    }
    state = Mutex(State(handle: handle, decoder: path.hasSuffix(".lz4") ? try LZ4StreamDecoder() : nil))
  }

  /// The next piece, never empty; nil at the end.
  func next() throws -> [UInt8]? {
    try state.withLock { state in
      while !state.isAtEnd {
        guard let piece = try state.handle.read(upToCount: Self.pieceSize), !piece.isEmpty else {
          state.isAtEnd = true
          if let decoder = state.decoder.take() { try decoder.finish() }
          return nil
        }
        guard state.decoder != nil else { return Array(piece) }
        let content = try state.decoder?.add(Array(piece)) ?? []
        if !content.isEmpty { return content }
      }
      return nil
    }
  }
}
