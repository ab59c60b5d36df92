// SPDX-License-Identifier: Apache-2.0

// The compiler takes `stat` from Glibc or from here, whichever it meets first.
import CoreFoundation
import Domain
import Foundation
import Glibc
import NIOCore
import Synchronization

/// The directory that `pull` writes into: whole files alone appear in it, and nothing outside of it is touched.
///
/// No symbolic link below it is followed, so a link that somebody put there leads nowhere.
struct LocalTarget: Sendable {
  /// What there is at a path already.
  enum Presence: Equatable {
    case nothing
    /// A regular file of this size.
    case file(size: Int64)
    /// Why no file can be there.
    case obstacle(String)
  }

  /// Those that are there, and no links.
  private final class Directories: Sendable { let known = Mutex<Set<PathKey>>([]) }

  let root: String
  private let directories = Directories()

  /// - Throws: `CommandError` when the directory cannot be made.
  init(_ url: URL) throws {
    root = url.path == "/" ? "" : url.path
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw CommandError("\(root) cannot be made a directory: \(error.localizedDescription)")
    }
  }

  func place(_ path: FilePath) -> String { root + "/" + path.description }

  func presence(of path: FilePath) -> Presence {
    var status = stat()
    guard lstat(place(path), &status) == 0 else {
      if errno == ENOENT { return .nothing }
      return .obstacle(errno == ENOTDIR ? "a file stands where a directory is needed" : Self.error)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file(size: Int64(status.st_size))
    case S_IFDIR: return .obstacle("a directory stands there")
    default: return .obstacle("something that is no file stands there")
    }
  }

  /// A file that is being written. It appears under its path when it is whole.
  func create(_ path: FilePath) throws -> NewFile {
    var directory = root
    for name in FilePath.names(of: path.description).dropLast() {
      directory += "/" + name
      try makeDirectory(directory)
    }
    return try NewFile(place: place(path), in: directory)
  }

  private func makeDirectory(_ directory: String) throws {
    let key = PathKey(directory)
    if directories.known.withLock({ $0.contains(key) }) { return }
    if mkdir(directory, 0o777) != 0 {
      guard errno == EEXIST else { throw CommandError("\(directory): \(Self.error)") }
      var status = stat()
      guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw CommandError("\(directory) is no directory, and links are not followed")
      }
    }
    _ = directories.known.withLock { $0.insert(key) }
  }

  fileprivate static var error: String { String(cString: strerror(errno)) }
}

/// Bytes on their way to a path, in a file beside it, which is removed unless it is finished.
final class NewFile: Sendable {
  private let place: String
  private let temporary: String
  private let descriptor: Int32

  fileprivate init(place: String, in directory: String) throws {
    self.place = place
    temporary = "\(directory)/.onefold-\(UUID().text).part"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw CommandError("\(temporary): \(LocalTarget.error)") }
  }

  deinit {
    close(descriptor)
    unlink(temporary)
  }

  func write(_ bytes: ByteBuffer) throws {
    let isWritten = bytes.withUnsafeReadableBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          return false
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
      return true
    }
    guard isWritten else { throw CommandError("\(place): \(LocalTarget.error)") }
  }

  /// The bytes of another file.
  func write(allOf other: FileReader) throws {
    while true {
      let piece = try other.read(upTo: 1 << 20)
      if piece.readableBytes == 0 { return }
      try write(piece)
    }
  }

  /// Lets the file appear.
  /// - Parameter replacing: whether one that stands there by now is replaced; otherwise that is an error.
  func finish(replacing: Bool) throws {
    var isThere = replacing ? rename(temporary, place) == 0 : link(temporary, place) == 0
    // A file system without links, such as a stick's: there is a moment between the look and the step.
    if !isThere, !replacing, errno != EEXIST, access(place, F_OK) != 0 { isThere = rename(temporary, place) == 0 }
    guard isThere else { throw CommandError("\(place): \(LocalTarget.error)") }
  }
}
