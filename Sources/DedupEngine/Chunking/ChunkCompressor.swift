// SPDX-License-Identifier: Apache-2.0

import CLZ4
import CZstd

/// Compresses chunks, each by itself: as one LZ4 block, or as one Zstandard frame.
// `@unchecked Sendable`: the contexts have one owner (the type cannot be copied), and neither library ties them to a thread.
public struct ChunkCompressor: ~Copyable, @unchecked Sendable {
  private let compression: ChunkCompression
  /// LZ4's hash table, made once.
  private let table: UnsafeMutableRawPointer?
  /// Zstandard's context, made once.
  private let context: OpaquePointer?
  private var scratch: [UInt8] = []

  public init(_ compression: ChunkCompression = .lz4) {
    self.compression = compression
    switch compression {
    case .lz4: (table, context) = (.allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16), nil)
    case .zstd: (table, context) = (nil, ZSTD_createCCtx())
    }
  }

  deinit {
    table?.deallocate()
    ZSTD_freeCCtx(context)
  }

  /// Appends the stored form of a chunk: compressed when that saves a sixteenth of it, as it is otherwise.
  /// - Returns: whether it is compressed.
  public mutating func append(_ chunk: RawSpan, to stored: inout [UInt8]) -> Bool {
    let count = chunk.byteCount
    let compressed =
      switch compression {
      case .lz4: lz4(chunk)
      case .zstd(let level): zstd(chunk, level: Int32(level))
      }
    guard compressed > 0, compressed <= count - count / 16 - 1 else {
      chunk.withUnsafeBytes { stored.append(contentsOf: $0) }
      return false
    }
    stored.append(contentsOf: scratch[..<compressed])
    return true
  }

  /// Into `scratch`.
  private mutating func lz4(_ chunk: RawSpan) -> Int {
    // Room for the worst case, although that is not wanted: LZ4 is quicker when it need not look out for the end.
    let bound = makeRoom(Int(LZ4_compressBound(Int32(chunk.byteCount))))
    return chunk.withUnsafeBytes { chunk in
      scratch.withUnsafeMutableBytes { scratch in
        Int(
          LZ4_compress_fast_extState(
            table, chunk.baseAddress?.assumingMemoryBound(to: CChar.self),
            scratch.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(chunk.count), Int32(bound), 1))
      }
    }
  }

  /// Into `scratch`; 0 when it failed.
  private mutating func zstd(_ chunk: RawSpan, level: Int32) -> Int {
    let bound = makeRoom(ZSTD_compressBound(chunk.byteCount))
    let written = chunk.withUnsafeBytes { chunk in
      scratch.withUnsafeMutableBytes { scratch in
        ZSTD_compressCCtx(context, scratch.baseAddress, bound, chunk.baseAddress, chunk.count, level)
      }
    }
    return ZSTD_isError(written) == 0 ? written : 0
  }

  private mutating func makeRoom(_ bound: Int) -> Int {
    if bound > scratch.count { scratch = [UInt8](repeating: 0, count: bound) }
    return bound
  }
}

/// Chunks as ``ChunkCompressor`` has written them. Nothing of what they say is believed: no more than `count` bytes come of any.
public enum CompressedChunk {
  /// The bytes of an LZ4 block; nil when they are not exactly `count`.
  public static func lz4(_ stored: RawSpan, count: Int) -> [UInt8]? {
    bytes(stored, count: count) { stored, output in
      Int(
        LZ4_decompress_safe(
          stored.baseAddress?.assumingMemoryBound(to: CChar.self), output?.assumingMemoryBound(to: CChar.self),
          Int32(stored.count), Int32(count)))
    }
  }

  /// The bytes of a Zstandard frame; nil when they are not exactly `count`.
  public static func zstd(_ stored: RawSpan, count: Int) -> [UInt8]? {
    bytes(stored, count: count) { stored, output in
      let written = ZSTD_decompress(output, count, stored.baseAddress, stored.count)
      return ZSTD_isError(written) == 0 ? written : 0
    }
  }

  private static func bytes(
    _ stored: RawSpan, count: Int, _ decompress: (UnsafeRawBufferPointer, UnsafeMutableRawPointer?) -> Int
  ) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, produced in
      produced = max(0, stored.withUnsafeBytes { decompress($0, UnsafeMutableRawPointer(output.baseAddress)) })
    }
    return bytes.count == count ? bytes : nil
  }
}
