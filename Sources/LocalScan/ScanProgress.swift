// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far a scan is, for whoever shows it.
public final class ScanProgress: Sendable {
  private let foundFiles = Atomic(0)
  private let foundBytes = Atomic<Int64>(0)
  private let toRead = Atomic(0)
  private let readFiles = Atomic(0)
  private let readBytes = Atomic<Int64>(0)

  public init() {}

  /// Files met so far, with their bytes.
  public var found: (files: Int, bytes: Int64) {
    (foundFiles.load(ordering: .relaxed), foundBytes.load(ordering: .relaxed))
  }

  /// Files that have to be read, and how many were, with the bytes.
  public var read: (files: Int, of: Int, bytes: Int64) {
    (
      readFiles.load(ordering: .relaxed), toRead.load(ordering: .relaxed), readBytes.load(ordering: .relaxed)
    )
  }

  func found(_ bytes: Int64) {
    foundFiles.add(1, ordering: .relaxed)
    foundBytes.add(bytes, ordering: .relaxed)
  }

  func willRead(_ files: Int) { toRead.add(files, ordering: .relaxed) }

  func didRead(_ bytes: Int64) {
    readFiles.add(1, ordering: .relaxed)
    readBytes.add(bytes, ordering: .relaxed)
  }
}
