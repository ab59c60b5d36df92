// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The second place of seals: a file of one seal a line, leaves included, that whoever owns the database cannot rewrite.
///
/// Lines are only ever added, each with the next number, and are on the disk when ``append(_:)`` returns. Blocks: use it on a thread that may.
final class SealCopy {
  private let descriptor: Int32
  private let path: String
  /// The newest seal in the file.
  private(set) var last: Seal?

  /// No line is longer: a seal's leaves as base64, and 1 KiB of the rest.
  private static let lineLimit = Int(Seal.rangeLimit) * 44 + 1024

  /// Opens or creates the file, takes it for this process alone, and cuts off what a crash left of a last line.
  init(path: String) throws {
    self.path = path
    let isNew = access(path, F_OK) != 0
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw SealCopyError(path, errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw SealCopyError(path, reason: "another process writes it", isTaken: true)
    }
    if isNew { try syncDirectory() }
    try readEnd()
  }

  deinit { close(descriptor) }

  /// Adds seals at the end. When it returns they are durable.
  /// - Throws: ``SealCopyError``; what is in the file then is whole lines, or is cut to them by the next ``init(path:)``.
  func append(_ records: [SealRecord]) throws {
    guard let newest = records.last else { return }
    let bytes = try records.flatMap(SealLine.encode)
    try bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let count = write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
        guard count >= 0 || errno == EINTR else { throw SealCopyError(path, errno) }
        written += max(0, count)
      }
    }
    guard fdatasync(descriptor) == 0 else { throw SealCopyError(path, errno) }
    last = newest.seal
    SealMetrics.copied(newest.seal.last)
  }

  private func readEnd() throws {
    let size = lseek(descriptor, 0, SEEK_END)
    guard size >= 0 else { throw SealCopyError(path, errno) }
    // Two lines: the last whole one, and the piece after it.
    let start = max(0, size - 2 * Self.lineLimit)
    var tail = [UInt8](repeating: 0, count: size - start)
    let read = tail.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, start) }
    guard read == tail.count else { throw SealCopyError(path, read < 0 ? errno : EIO) }
    let newline = UInt8(ascii: "\n")
    let end = tail.lastIndex(of: newline).map { $0 + 1 } ?? 0
    guard end > 0 || start == 0 else { throw SealCopyError(path, reason: "it is no file of seals") }
    if end < tail.count {
      guard ftruncate(descriptor, start + end) == 0 else { throw SealCopyError(path, errno) }
    }
    guard lseek(descriptor, start + end, SEEK_SET) >= 0 else { throw SealCopyError(path, errno) }
    let lines = tail[..<end].split(separator: newline)
    guard let line = lines.last else { return }
    guard let record = SealLine.decode(Array(line)) else {
      throw SealCopyError(path, reason: "its last line is no seal")
    }
    last = record.seal
    SealMetrics.copied(record.seal.last)
  }

  /// A file whose name is not on the disk is lost with the power.
  private func syncDirectory() throws {
    let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let directory = path.contains("/") ? (parent.isEmpty ? "/" : parent) : "."
    let handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { throw SealCopyError(directory, errno) }
    defer { close(handle) }
    guard fsync(handle) == 0 else { throw SealCopyError(directory, errno) }
  }
}

/// The copy of the seals cannot be written or read.
public struct SealCopyError: Error, CustomStringConvertible {
  public let description: String
  /// Another process has the file.
  let isTaken: Bool

  init(_ path: String, _ number: Int32) { self.init(path, reason: String(cString: strerror(number))) }

  init(_ path: String, reason: String, isTaken: Bool = false) {
    description = "\(path): \(reason)"
    self.isTaken = isTaken
  }
}
