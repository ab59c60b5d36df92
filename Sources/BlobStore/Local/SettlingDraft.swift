// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Synchronization

/// The compressed form of one blob while it is being made. Blocks the calling thread.
///
/// A content that fits into one block of the file system cannot shrink, and is only verified.
final class SettlingDraft: Sendable {
  private struct State: ~Copyable {
    var hasher: SHA256Hasher? = SHA256Hasher()
    var encoder: LZ4FrameEncoder?
    var file: OpenFile?
    var size: Int64?
    var offset: Int64 = 0
    var written: Int64 = 0
  }

  private static let blocksPerStep = 16

  private let digest: Digest
  private let raw: OpenFile
  private let path: String
  private let disk: Disk
  // One task advances the draft, awaiting each step, so nobody waits for the lock.
  private let state = Mutex(State())

  init(digest: Digest, raw: OpenFile, path: String, disk: Disk) {
    self.digest = digest
    self.raw = raw
    self.path = path
    self.disk = disk
  }

  /// Once done: the compressed file, written and not synced; nil when compressing was not worthwhile.
  var file: OpenFile? { state.withLock { $0.file } }

  /// Reads and compresses up to 4 MiB.
  /// - Returns: what the blob is settled as, once it is all done; nil before.
  func advance() throws -> SettledBlob? {
    try state.withLock { state in
      let size = try state.size ?? raw.size()
      var frame: [UInt8] = []
      if state.size == nil {
        state.size = size
        if SettledBlob.isWorthwhile(compressed: 1, raw: size) {
          var encoder = try LZ4FrameEncoder(contentSize: size)
          try encoder.begin(into: &frame)
          state.encoder = consume encoder
        }
      }
      for _ in 0..<Self.blocksPerStep where state.offset < size {
        let count = Int(min(Int64(LZ4Frame.blockSize), size - state.offset))
        let block = try raw.read(at: state.offset, count: count)
        guard block.count == count else { throw BlobStoreError.damaged(digest, "its file became shorter") }
        state.hasher?.update(block.span.bytes)
        try state.encoder?.add(block.span.bytes, into: &frame)
        state.offset += Int64(count)
      }
      if state.offset < size {
        try write(frame, &state)
        return nil
      }
      if let encoder = state.encoder.take() { try encoder.finish(into: &frame) }
      return try finish(size, frame, &state)
    }
  }

  /// Drops the compressed form when it does not save a block.
  private func finish(_ size: Int64, _ frame: [UInt8], _ state: inout State) throws -> SettledBlob {
    guard let actual = state.hasher.take()?.finish() else { throw BlobStoreError.closed }
    guard actual == digest.bytes else {
      throw BlobStoreError.damaged(digest, "its bytes have the digest \(Digest(bytes: actual))")
    }
    let storedBytes = state.written + Int64(frame.count)
    if storedBytes > 0, SettledBlob.isWorthwhile(compressed: storedBytes, raw: size) {
      try write(frame, &state)
      return SettledBlob(size: size, storedBytes: storedBytes, codec: .lz4)
    }
    if state.file.take() != nil { try disk.remove(path) }
    return SettledBlob(size: size, storedBytes: size, codec: .none)
  }

  func discard() throws {
    let hadFile = state.withLock { state in state.file.take() != nil }
    if hadFile { try disk.remove(path) }
  }

  private func write(_ frame: [UInt8], _ state: inout State) throws {
    if frame.isEmpty { return }
    let file = try state.file ?? disk.create(path)
    state.file = file
    try disk.write(frame.span.bytes, to: file)
    state.written += Int64(frame.count)
  }
}
