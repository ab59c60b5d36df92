// SPDX-License-Identifier: Apache-2.0

import Domain
import NIOCore

/// A blob whose file is its content.
struct RawContent: BlockingContent {
  let size: Int64
  private let digest: Digest
  private let file: OpenFile

  init(digest: Digest, file: OpenFile) throws(BlobStoreError) {
    self.digest = digest
    self.file = file
    size = try file.size()
  }

  func bytes(at offset: Int64, upTo end: Int64) throws(BlobStoreError) -> ByteBuffer {
    let bytes = try file.read(at: offset, count: Int(min(end - offset, Int64(BlobBytes.bufferSize))))
    guard !bytes.isEmpty else { throw .damaged(digest, "its file ends at byte \(offset) of \(size)") }
    return ByteBuffer(bytes: bytes)
  }
}
