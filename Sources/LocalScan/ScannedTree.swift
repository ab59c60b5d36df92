// SPDX-License-Identifier: Apache-2.0

// The compiler takes `stat` from Glibc or from here, whichever it meets first.
import CoreFoundation
import Foundation
import Glibc

/// A regular file, and all names it was met under.
public struct ScannedFile: Equatable, Sendable {
  /// The first name in the order of paths.
  public var path: LocalPath
  /// Its other names: hard links take no room.
  public var links: [LocalPath] = []
  public var size: Int64
  /// Nanoseconds since 1970.
  public var modified: Int64
  var device: UInt64
  var inode: UInt64
}

/// The regular files below some directories. Symbolic links are not followed: they may lead out or round in a circle.
public struct ScannedTree: Sendable {
  public struct Options: Sendable {
    /// Smaller files are left out.
    public var leastBytes: Int64 = 1
    /// Shell patterns: of names, or with a `/` of paths below the directory.
    public var excluded: [String] = []
    /// Whether to stay on the file system of each directory.
    public var staysOnFileSystem = false

    public init() {}
  }

  /// In the order of their paths.
  public private(set) var files: [ScannedFile] = []
  public private(set) var troubles: [Trouble] = []

  private let options: Options
  private let progress: ScanProgress
  private var device: UInt64 = 0

  /// - Parameter roots: directories or files. Met twice, a file counts once.
  public init(_ roots: [LocalPath], options: Options = Options(), progress: ScanProgress = ScanProgress()) {
    self.options = options
    self.progress = progress
    for root in roots { visit(root: root) }
    gatherLinks()
  }

  private mutating func visit(root: LocalPath) {
    var status = stat()
    guard root.withCString({ lstat($0, &status) }) == 0 else { return note(root) }
    device = UInt64(status.st_dev)
    guard status.st_mode & S_IFMT == S_IFDIR else { return add(root, status) }
    let descriptor = root.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { return note(root) }
    visit(root, below: root.bytes.count, descriptor)
  }

  /// Takes the descriptor over.
  private mutating func visit(_ path: LocalPath, below root: Int, _ descriptor: Int32) {
    guard let directory = fdopendir(descriptor) else {
      close(descriptor)
      return note(path)
    }
    defer { closedir(directory) }
    errno = 0
    while let entry = readdir(directory) {
      let type = Int32(entry.pointee.d_type)
      // Neither links nor sockets are looked at; some file systems do not say what an entry is.
      guard type == DT_DIR || type == DT_REG || type == DT_UNKNOWN else { continue }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard name != [0x2e], name != [0x2e, 0x2e] else { continue }
      visit(name, in: path, below: root, dirfd(directory))
      errno = 0
    }
    if errno != 0 { note(path) }
  }

  private mutating func visit(_ name: [UInt8], in parent: LocalPath, below root: Int, _ descriptor: Int32) {
    let path = parent.appending(name)
    guard !isExcluded(name, path.bytes.dropFirst(root + 1)) else { return }
    var status = stat()
    guard LocalPath(name).withCString({ fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
      return note(path)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return add(path, status) }
    guard !options.staysOnFileSystem || UInt64(status.st_dev) == device else { return }
    let inner = LocalPath(name).withCString {
      openat(descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard inner >= 0 else { return note(path) }
    visit(path, below: root, inner)
  }

  private mutating func add(_ path: LocalPath, _ status: stat) {
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size >= options.leastBytes else { return }
    files.append(
      ScannedFile(
        path: path, size: Int64(status.st_size),
        modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
        device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
    progress.found(Int64(status.st_size))
  }

  /// Of the last system call.
  private mutating func note(_ path: LocalPath) {
    troubles.append(Trouble(path: path, reason: String(cString: strerror(errno))))
  }

  private func isExcluded(_ name: [UInt8], _ path: ArraySlice<UInt8>) -> Bool {
    guard !options.excluded.isEmpty else { return false }
    return options.excluded.contains { pattern in
      let subject = LocalPath(pattern.contains("/") ? Array(path) : name)
      return subject.withCString { fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) == 0 }
    }
  }

  private struct Identity: Hashable {
    var device, inode: UInt64
  }

  private mutating func gatherLinks() {
    files.sort { $0.path < $1.path }
    var places: [Identity: Int] = [:]
    places.reserveCapacity(files.count)
    var gathered: [ScannedFile] = []
    gathered.reserveCapacity(files.count)
    for file in files {
      let identity = Identity(device: file.device, inode: file.inode)
      guard let place = places[identity] else {
        places[identity] = gathered.count
        gathered.append(file)
        continue
      }
      // The same path twice: of a directory that was named twice.
      let isKnown = gathered[place].path == file.path || gathered[place].links.last == file.path
      if !isKnown { gathered[place].links.append(file.path) }
    }
    files = gathered
  }
}
