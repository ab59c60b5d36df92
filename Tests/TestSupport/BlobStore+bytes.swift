// SPDX-License-Identifier: Apache-2.0

public import BlobStore
public import Domain
import NIOCore

extension BlobStore {
  /// Stages and publishes bytes, handed over in parts.
  public func publish(_ bytes: [UInt8], partSize: Int = 50_000) async throws -> PublishedBlob {
    let staged = try await stage()
    for start in stride(from: 0, to: bytes.count, by: partSize) {
      try await staged.write(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + partSize)]))
    }
    return try await staged.finish()
  }

  /// All bytes of a range.
  public func bytes(_ digest: Digest, range: Range<Int64>? = nil) async throws -> [UInt8] {
    try await read(digest, range: range).collected()
  }
}
