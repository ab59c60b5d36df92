// SPDX-License-Identifier: Apache-2.0

import CLZ4

/// Compresses chunks with LZ4, one block each, and decompresses them.
// `@unchecked Sendable`: the state has one owner (the type cannot be copied), and LZ4 ties it to no thread.
public struct ChunkCompressor: ~Copyable, @unchecked Sendable {
  /// LZ4's hash table, made once.
  private let state: UnsafeMutableRawPointer
  private var scratch: [UInt8] = []

  public init() {
    state = .allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
  }

  deinit { state.deallocate() }

  /// Appends the stored form of a chunk: compressed when that saves a sixteenth of it, as it is otherwise.
  /// - Returns: whether it is compressed.
  public mutating func append(_ chunk: RawSpan, to stored: inout [UInt8]) -> Bool {
    let count = chunk.byteCount
    // Room for the worst case, although that is not wanted: LZ4 is quicker when it need not look out for the end.
    let bound = Int(LZ4_compressBound(Int32(count)))
    if bound > scratch.count { scratch = [UInt8](repeating: 0, count: bound) }
    let compressed = chunk.withUnsafeBytes { chunk in
      scratch.withUnsafeMutableBytes { scratch in
        Int(
          LZ4_compress_fast_extState(
            state, chunk.baseAddress?.assumingMemoryBound(to: CChar.self),
            scratch.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(count), Int32(bound), 1))
      }
    }
    guard compressed > 0, compressed <= count - count / 16 - 1 else {
      chunk.withUnsafeBytes { stored.append(contentsOf: $0) }
      return false
    }
    stored.append(contentsOf: scratch[..<compressed])
    return true
  }

  /// The bytes of a compressed chunk; nil when they are not exactly `count`.
  public static func decompress(_ stored: RawSpan, count: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, produced in
      let written = stored.withUnsafeBytes { stored in
        LZ4_decompress_safe(
          stored.baseAddress?.assumingMemoryBound(to: CChar.self),
          UnsafeMutableRawPointer(output.baseAddress)?.assumingMemoryBound(to: CChar.self), Int32(stored.count),
          Int32(count))
      }
      produced = max(0, Int(written))
    }
    return bytes.count == count ? bytes : nil
  }
}
