// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Every change that this module makes to a disk, one method each, so that a test can stop the world before any of them and can
/// check their order. Blocks the calling thread.
struct Disk: Sendable {
  /// One change, and what it changes.
  enum Step: Equatable, Sendable {
    case create(String)
    case write(String)
    case syncFile(String)
    case link(String, to: String)
    case rename(String, to: String)
    case syncDirectory(String)
    case remove(String)
  }

  /// Called before each step; what it throws is thrown instead of the step. Inert outside of tests.
  var before: @Sendable (Step) throws(BlobStoreError) -> Void = { _ throws(BlobStoreError) in }

  /// Creates a file that must not exist, readable by this user only.
  func create(_ path: String) throws(BlobStoreError) -> OpenFile {
    try before(.create(path))
    return try OpenFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
  }

  func write(_ bytes: RawSpan, to file: OpenFile) throws(BlobStoreError) {
    try before(.write(file.path))
    try file.append(bytes)
  }

  /// Makes the file's bytes durable. After a failure the bytes may be gone whatever a second try says: the kernel reports a lost
  /// page once and then forgets it.
  func sync(_ file: OpenFile) throws(BlobStoreError) {
    try before(.syncFile(file.path))
    try check("fdatasync", file.path) { fdatasync(file.descriptor) }
  }

  /// Gives a file a second name, unless that name is taken.
  /// - Returns: whether it was free.
  func link(_ path: String, to name: String) throws(BlobStoreError) -> Bool {
    try before(.link(path, to: name))
    return try check("link", name, except: EEXIST) { Glibc.link(path, name) }
  }

  /// Moves a file, if it is there, over whatever has the new name.
  /// - Returns: whether it was there.
  func rename(_ path: String, to name: String) throws(BlobStoreError) -> Bool {
    try before(.rename(path, to: name))
    return try check("rename", path, except: ENOENT) { Glibc.rename(path, name) }
  }

  /// Makes the names in a directory durable.
  func syncDirectory(_ path: String) throws(BlobStoreError) {
    try before(.syncDirectory(path))
    let directory = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    try check("fsync", path) { fsync(directory.descriptor) }
  }

  /// Removes a file, if it is there.
  func remove(_ path: String) throws(BlobStoreError) {
    try before(.remove(path))
    try check("unlink", path, except: ENOENT) { unlink(path) }
  }

  /// Creates a directory, if it is not there, for this user only.
  func createDirectory(_ path: String) throws(BlobStoreError) {
    try check("mkdir", path, except: EEXIST) { mkdir(path, 0o700) }
  }

  /// Calls `body` for each file in a directory with its name and the second in which it was last written. What goes meanwhile may be missed.
  func list(_ directory: String, _ body: (String, time_t) throws(BlobStoreError) -> Void) throws(BlobStoreError) {
    guard let listing = opendir(directory) else { throw .current("opendir", directory) }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      }
      var status = stat()
      guard lstat("\(directory)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      try body(name, status.st_mtim.tv_sec)
    }
  }

  /// Removes the files of a directory that nothing was written to since, and says how many that were.
  func sweep(_ directory: String, writtenBefore oldest: time_t) throws(BlobStoreError) -> Int {
    var swept = 0
    try list(directory) { name, written throws(BlobStoreError) in
      // What is gone by now was finished or discarded.
      guard written < oldest else { return }
      try remove("\(directory)/\(name)")
      swept += 1
    }
    return swept
  }

  @discardableResult
  private func check(
    _ operation: String, _ path: String, except expected: Int32 = 0, _ body: () -> Int32
  ) throws(BlobStoreError) -> Bool {
    if body() == 0 { return true }
    if errno == expected { return false }
    throw .current(operation, path)
  }
}

extension BlobStoreError {
  /// The error of the system call that has just failed on this thread.
  static func current(_ operation: String, _ path: String) -> BlobStoreError {
    switch errno {
    case ENOSPC, EDQUOT: .full
    default: .system(operation: operation, path: path, errno: errno)
    }
  }
}
