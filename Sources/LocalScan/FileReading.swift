// SPDX-License-Identifier: Apache-2.0

// The compiler takes `stat` from Glibc or from here, whichever it meets first.
import CoreFoundation
import DedupEngine
import Dispatch
import Foundation
import Glibc
import Synchronization

/// Reads files on as many threads as there are processors.
struct FileReading {
  /// Fits into the caches that a processor has of its own.
  static let bufferBytes = 256 << 10

  /// Calls `body` for each index, with a buffer that lives as long as the thread, and gives what it returned.
  static func map<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int, UnsafeMutableRawBufferPointer) -> Value
  ) -> [Value] {
    [Value](unsafeUninitializedCapacity: count) { values, initialized in
      // `nonisolated(unsafe)`: each place is written once, by the thread that took its index.
      nonisolated(unsafe) let values = values
      let next = Atomic(0)
      let threads = min(count, ProcessInfo.processInfo.activeProcessorCount)
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < count else { return }
          values.initializeElement(at: index, to: body(index, buffer))
        }
      }
      initialized = count
    }
  }

  /// Hands the bytes of a file to `body` as they come, up to a limit.
  ///
  /// - Throws: ``ReadFailure``, also when the file is another than was found: then nothing that was found of it holds.
  static func read(
    _ file: ScannedFile, upTo limit: Int64 = .max, into buffer: UnsafeMutableRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(ReadFailure) {
    let descriptor = try open(file)
    defer { close(descriptor) }
    let wanted = min(file.size, limit)
    if wanted > 4 << 20 { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    var total: Int64 = 0
    while total < wanted {
      let count = Glibc.read(descriptor, buffer.baseAddress, min(buffer.count, Int(wanted - total)))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ReadFailure(errno) }
      guard count > 0 else { throw .changed }
      body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      total += Int64(count)
    }
  }

  /// The caller closes it.
  static func open(_ file: ScannedFile) throws(ReadFailure) -> Int32 {
    let descriptor = file.path.withCString { Glibc.open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw ReadFailure(errno) }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    if isKnown, UInt64(status.st_ino) == file.inode, Int64(status.st_size) == file.size { return descriptor }
    let failure = isKnown ? ReadFailure.changed : ReadFailure(errno)
    close(descriptor)
    throw failure
  }

  /// Reads until the buffer is full.
  static func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64, _ descriptor: Int32) throws(ReadFailure) {
    var filled = 0
    while filled < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset) + filled)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ReadFailure(errno) }
      guard count > 0 else { throw .changed }
      filled += count
    }
  }

  /// SHA-256 of all bytes.
  static func digest(
    of file: ScannedFile, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(ReadFailure) -> [UInt8] {
    var hasher = SHA256Hasher()
    try read(file, into: buffer) { hasher.update(RawSpan(_unsafeBytes: $0)) }
    return hasher.finish()
  }

  /// Parts of a probe.
  private static let probeBytes = 4096

  /// SHA-256 of the beginning, the middle and the end.
  ///
  /// - Precondition: the file is longer than the three together.
  static func probe(
    _ file: ScannedFile, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(ReadFailure) -> [UInt8] {
    let descriptor = try open(file)
    defer { close(descriptor) }
    let ends = file.size - Int64(probeBytes)
    for (part, offset) in [0, ends / 2, ends].enumerated() {
      try fill(
        UnsafeMutableRawBufferPointer(rebasing: buffer[part * probeBytes..<(part + 1) * probeBytes]), at: offset,
        descriptor)
    }
    return SHA256Hasher.hash(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<(3 * probeBytes)])))
  }
}

struct ReadFailure: Error, CustomStringConvertible {
  var description: String

  init(_ number: Int32) { description = String(cString: strerror(number)) }

  private init(description: String) { self.description = description }

  static let changed = ReadFailure(description: "It was changed while it was looked at.")
}
