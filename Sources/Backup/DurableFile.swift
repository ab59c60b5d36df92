// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Files that are whole or not there, whatever happens meanwhile.
enum DurableFile {
  static func write(_ data: Data, to path: String) throws {
    let draft = path + ".new"
    let descriptor = try open(draft, O_WRONLY | O_CREAT | O_TRUNC)
    do {
      try data.withUnsafeBytes { try write($0, to: descriptor, draft) }
      guard fsync(descriptor) == 0 else { throw failure(draft) }
      close(descriptor)
    } catch {
      close(descriptor)
      throw error
    }
    try move(draft, to: path)
    try syncDirectory(of: path)
  }

  static func open(_ path: String, _ flags: Int32) throws -> Int32 {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path) }
    return descriptor
  }

  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw failure(path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
    }
  }

  static func move(_ draft: String, to path: String) throws {
    guard rename(draft, path) == 0 else { throw failure(path) }
  }

  static func syncDirectory(of path: String) throws {
    let parent = (path as NSString).deletingLastPathComponent
    let descriptor = try open(parent, O_RDONLY | O_DIRECTORY)
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(parent) }
  }

  /// The names in all directories, from a root down.
  static func syncDirectories(below root: String) throws {
    let names = FileManager.default.enumerator(atPath: root)
    try syncDirectory(of: root + "/.")
    while let name = names?.nextObject() as? String {
      var isDirectory: ObjCBool = false
      let path = "\(root)/\(name)"
      if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
        try syncDirectory(of: path + "/.")
      }
    }
  }

  static func failure(_ path: String) -> BackupError { BackupError("\(path): \(String(cString: strerror(errno)))") }
}
