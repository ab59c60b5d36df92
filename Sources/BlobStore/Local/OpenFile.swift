// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

/// An open file, closed with its last reference. Blocks the calling thread.
final class OpenFile: Sendable {
  let path: String
  let descriptor: Int32

  init(_ path: String, flags: Int32) throws(BlobStoreError) {
    descriptor = open(path, flags | O_CLOEXEC, 0o600)
    self.path = path
    guard descriptor >= 0 else { throw .current("open", path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Opens a file to read it; nil when it is not there.
  static func reading(_ path: String) throws(BlobStoreError) -> OpenFile? {
    do throws(BlobStoreError) {
      return try OpenFile(path, flags: O_RDONLY)
    } catch {
      if case .system(_, _, ENOENT) = error { return nil }
      throw error
    }
  }

  func size() throws(BlobStoreError) -> Int64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .current("fstat", path) }
    return Int64(status.st_size)
  }

  func append(_ bytes: RawSpan) throws(BlobStoreError) {
    let failed = bytes.withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          return true
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
      return false
    }
    if failed { throw .current("write", path) }
  }

  /// Bytes from a place on; fewer than `count` only at the end of the file.
  func read(at offset: Int64, count: Int) throws(BlobStoreError) -> [UInt8] {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset) + filled)
        if got < 0 {
          if errno == EINTR { continue }
          failed = true
          return
        }
        if got == 0 { return }
        filled += got
      }
    }
    if failed { throw .current("pread", path) }
    return bytes
  }
}
