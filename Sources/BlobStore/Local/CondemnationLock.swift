// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Keeps condemning apart from the one step that relies on a blob's staying where it is, between all processes on a root: the
/// kernel's lock on the directory of condemned blobs. Held for some microseconds. Blocks the calling thread.
struct CondemnationLock: Sendable {
  let directory: String

  func shared<Result>(_ body: () throws(BlobStoreError) -> Result) throws(BlobStoreError) -> Result {
    try with(LOCK_SH, body)
  }

  func exclusive<Result>(_ body: () throws(BlobStoreError) -> Result) throws(BlobStoreError) -> Result {
    try with(LOCK_EX, body)
  }

  private func with<Result>(
    _ kind: Int32, _ body: () throws(BlobStoreError) -> Result
  ) throws(BlobStoreError) -> Result {
    // Each holder opens it anew, so that threads of one process are kept apart too; closing it lets go.
    let file = try OpenFile(directory, flags: O_RDONLY | O_DIRECTORY)
    defer { withExtendedLifetime(file) {} }
    while flock(file.descriptor, kind) != 0 {
      guard errno == EINTR else { throw .current("flock", directory) }
    }
    return try body()
  }
}
