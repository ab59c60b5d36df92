// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// One backup at a time into a directory. The kernel's lock: it ends with the process.
struct BackupLock {
  private let descriptor: Int32

  init(_ directory: URL) throws {
    let path = directory.appending(path: "lock").path
    descriptor = try DurableFile.open(path, O_RDWR | O_CREAT)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw BackupError("Another backup into \(directory.path) is under way.")
    }
  }

  func release() { close(descriptor) }
}
