// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import Glibc

/// Bytes in an LZ4 frame in a file, written and read as they stream. `lz4 -d` reads it, too.
enum CompressedFile {
  struct Written {
    var bytes: Int64
    var sha256: String
  }

  /// - Returns: size and digest of the file; nil, and nothing is left, when `chunks` gave no row.
  static func write<Chunks: AsyncSequence>(_ chunks: Chunks, to path: String) async throws -> Written
  where Chunks.Element == [UInt8] {
    let draft = path + ".new"
    let descriptor = try DurableFile.open(draft, O_WRONLY | O_CREAT | O_TRUNC)
    var isOpen = true
    defer { if isOpen { close(descriptor) } }
    do {
      var encoder = try LZ4StreamEncoder()
      var hasher = SHA256Hasher()
      var size: Int64 = 0
      var frame: [UInt8] = []
      try encoder.begin(into: &frame)
      for try await chunk in chunks {
        try encoder.add(chunk, into: &frame)
        guard frame.count > 1 << 20 else { continue }
        hasher.update(frame.span.bytes)
        size += try write(&frame, to: descriptor, draft)
      }
      try encoder.finish(into: &frame)
      hasher.update(frame.span.bytes)
      size += try write(&frame, to: descriptor, draft)
      guard fsync(descriptor) == 0 else { throw DurableFile.failure(draft) }
      close(descriptor)
      isOpen = false
      try DurableFile.move(draft, to: path)
      return Written(bytes: size, sha256: Digest(bytes: hasher.finish()).description)
    } catch {
      unlink(draft)
      throw error
    }
  }

  private static func write(_ frame: inout [UInt8], to descriptor: Int32, _ path: String) throws -> Int64 {
    try frame.withUnsafeBytes { try DurableFile.write($0, to: descriptor, path) }
    defer { frame.removeAll(keepingCapacity: true) }
    return Int64(frame.count)
  }

  /// The content of a file, in pieces.
  static func read(_ path: String) -> AsyncThrowingStream<[UInt8], any Error> {
    let reader = Reader(path)
    return AsyncThrowingStream { try reader.next() }
  }

  static func digest(_ path: String) throws -> String {
    let descriptor = try DurableFile.open(path, O_RDONLY)
    defer { close(descriptor) }
    var hasher = SHA256Hasher()
    while let piece = try readPiece(descriptor, path) { hasher.update(piece.span.bytes) }
    return Digest(bytes: hasher.finish()).description
  }

  private static func readPiece(_ descriptor: Int32, _ path: String) throws -> [UInt8]? {
    let size = 1 << 20
    var count = 0
    let piece = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
      repeat { count = Glibc.read(descriptor, buffer.baseAddress, size) } while count < 0 && errno == EINTR
      initialized = max(0, count)
    }
    guard count >= 0 else { throw DurableFile.failure(path) }
    return piece.isEmpty ? nil : piece
  }

  // `@unchecked Sendable`: an AsyncThrowingStream asks for one element at a time.
  private final class Reader: @unchecked Sendable {
    private let path: String
    private var descriptor: Int32 = -1
    private var decoder: LZ4StreamDecoder?

    init(_ path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func next() throws -> [UInt8]? {
      if descriptor < 0 {
        descriptor = try DurableFile.open(path, O_RDONLY)
        decoder = try LZ4StreamDecoder()
      }
      while let piece = try CompressedFile.readPiece(descriptor, path) {
        guard let content = try decoder?.add(piece) else { return nil }
        if !content.isEmpty { return content }
      }
      try decoder.take()?.finish()
      return nil
    }
  }
}
