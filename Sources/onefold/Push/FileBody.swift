// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import Glibc
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

/// An open file, read from front to back.
final class FileReader: Sendable {
  private let descriptor: Int32
  private let path: String

  init(_ url: URL) throws {
    path = url.path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw CommandError("\(path): \(String(cString: strerror(errno)))") }
  }

  deinit { close(descriptor) }

  /// Up to `count` bytes; none at the end.
  func read(upTo count: Int) throws -> ByteBuffer {
    var buffer = ByteBuffer()
    try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
      var filled = 0
      while filled < count {
        let got = Glibc.read(descriptor, target.baseAddress.map { $0 + filled }, count - filled)
        if got < 0 {
          if errno == EINTR { continue }
          throw CommandError("\(path): \(String(cString: strerror(errno)))")
        }
        if got == 0 { break }
        filled += got
      }
      return filled
    }
    return buffer
  }
}
