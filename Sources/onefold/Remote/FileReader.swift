// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import Glibc
import NIOCore

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

  /// Of what is left of it.
  func digest() throws -> Digest {
    var hasher = SHA256Hasher()
    while true {
      let piece = try read(upTo: 1 << 20)
      if piece.readableBytes == 0 { break }
      hasher.update(piece.readableBytesUInt8Span.bytes)
    }
    return Digest(bytes: hasher.finish())
  }
}
