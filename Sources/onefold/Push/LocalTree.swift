// SPDX-License-Identifier: Apache-2.0

// The compiler takes `stat` from Glibc or from here, whichever it meets first.
import CoreFoundation
import Foundation
import Glibc

/// The regular files below a directory, as `push` sends them.
///
/// Symbolic links are not followed (they may lead out of the tree or round in a circle), devices and sockets are left out.
struct LocalTree: Sendable {
  struct File: Parcel {
    let url: URL
    /// Relative to the server: prefix and path below the directory.
    let path: String
    let size: Int64
  }

  var files: [File] = []
  var bytes: Int64 = 0
  /// What was left out and why, for the person to see.
  var skipped: [(path: String, reason: String)] = []

  /// - Parameter prefix: of the server's paths, with its slash; empty for none.
  init(of directory: URL, prefix: String) throws {
    var status = stat()
    guard stat(directory.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw CommandError("\(directory.path) is not a directory.")
    }
    try collect(directory.path, prefix: prefix)
    files.sort { $0.path < $1.path }
  }

  private mutating func collect(_ directory: String, prefix: String) throws {
    guard let handle = opendir(directory) else {
      skipped.append((directory, String(cString: strerror(errno))))
      return
    }
    defer { closedir(handle) }
    while let entry = readdir(handle) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        skipped.append((directory + "/" + String(decoding: bytes, as: UTF8.self), "its name is not UTF-8"))
        continue
      }
      guard name != ".", name != ".." else { continue }
      let place = directory + "/" + name
      let path = prefix + name
      var status = stat()
      guard lstat(place, &status) == 0 else {
        skipped.append((place, String(cString: strerror(errno))))
        continue
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try collect(place, prefix: path + "/")
      case S_IFREG:
        files.append(File(url: URL(filePath: place), path: path, size: Int64(status.st_size)))
        self.bytes += Int64(status.st_size)
      default: break
      }
    }
  }
}
