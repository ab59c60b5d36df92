// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore

/// A file as a request body: small ones in one piece, larger ones a piece at a time.
enum FileBody {
  static let wholeUpTo = 256 << 10
  static let pieceSize = 256 << 10

  static func make(_ file: LocalTree.File) throws -> HTTPClientRequest.Body {
    let reader = try FileReader(file.url)
    if file.size <= Int64(wholeUpTo) { return .bytes(try reader.read(upTo: Int(file.size) + 1)) }
    return .stream(Pieces(reader: reader), length: .known(file.size))
  }

  private struct Pieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let reader: FileReader

    struct Iterator: AsyncIteratorProtocol {
      let reader: FileReader

      mutating func next() async throws -> ByteBuffer? {
        let piece = try reader.read(upTo: FileBody.pieceSize)
        return piece.readableBytes == 0 ? nil : piece
      }
    }

    func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }
  }
}
