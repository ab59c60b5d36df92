// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import DedupEngine
import Domain
import NIOCore
import Synchronization

/// A file as a request body: small ones in one piece, larger ones a piece at a time. It is hashed on its way.
final class FileBody: Sendable {
  private static let wholeUpTo = 256 << 10
  private static let pieceSize = 256 << 10

  private let file: LocalTree.File
  private let hasher = Mutex<SHA256Hasher?>(nil)

  init(_ file: LocalTree.File) { self.file = file }

  /// From the beginning, each time.
  func make() throws -> HTTPClientRequest.Body {
    let reader = try FileReader(file.url)
    hasher.withLock { $0 = SHA256Hasher() }
    if file.size <= Int64(Self.wholeUpTo) { return .bytes(try next(reader, upTo: Int(file.size) + 1)) }
    return .stream(Pieces(body: self, reader: reader), length: .known(file.size))
  }

  /// Of what was read since it was made last; nil before, and when it was asked for already.
  func digest() -> Digest? { hasher.withLock { $0.take()?.finish() }.map { Digest(bytes: $0) } }

  private func next(_ reader: FileReader, upTo count: Int) throws -> ByteBuffer {
    let piece = try reader.read(upTo: count)
    hasher.withLock { $0?.update(piece.readableBytesUInt8Span.bytes) }
    return piece
  }

  private struct Pieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let body: FileBody
    let reader: FileReader

    struct Iterator: AsyncIteratorProtocol {
      let pieces: Pieces

      mutating func next() async throws -> ByteBuffer? {
        let piece = try pieces.body.next(pieces.reader, upTo: FileBody.pieceSize)
        return piece.readableBytes == 0 ? nil : piece
      }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }
  }
}
