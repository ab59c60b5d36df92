// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Domain
import Foundation
import Glibc
import Synchronization

/// The files of a blob store, as a backup has them: docs/storage.md tells what they are. None is ever changed once it has its name.
struct BlobTree: Sendable {
  let root: String

  struct Entry: Sendable {
    /// Where the file lies in the store.
    let source: String
    /// Where it lies in the backup. A content that is about to be removed, and was not when the backup began, has its place back.
    let target: String
  }

  private static let sharded = ["raw", "settled", "packs"]
  private static let secret = "chunking.secret"

  /// All there are at this moment. What is being staged is nobody's yet.
  func entries() throws -> [Entry] {
    var entries = Self.sharded.flatMap { parent in
      names(in: parent).flatMap { shard in
        names(in: "\(parent)/\(shard)").map {
          Entry(source: "\(parent)/\(shard)/\($0)", target: "\(parent)/\(shard)/\($0)")
        }
      }
    }
    for name in names(in: "condemned") {
      guard let target = Self.place(ofCondemned: name) else { continue }
      entries.append(Entry(source: "condemned/\(name)", target: target))
    }
    if access("\(root)/\(Self.secret)", F_OK) == 0 { entries.append(Entry(source: Self.secret, target: Self.secret)) }
    return entries
  }

  private static func place(ofCondemned name: String) -> String? {
    let parts = name.split(separator: ".")
    guard parts.count == 2, parts[0].count == 64 else { return nil }
    switch parts[1] {
    case "raw": return "raw/\(parts[0].prefix(2))/\(parts[0])"
    case "lz4": return "settled/\(parts[0].prefix(2))/\(parts[0]).lz4"
    case "none": return "settled/\(parts[0].prefix(2))/\(parts[0])"
    default: return nil
    }
  }

  private func names(in directory: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(directory)"))?.filter { !$0.hasPrefix(".") } ?? []
  }

  func size(of path: String) -> Int64? {
    var status = stat()
    return lstat("\(root)/\(path)", &status) == 0 ? Int64(status.st_size) : nil
  }

  private var drafts: String { "\(root)/.drafts" }

  /// Whether a file is here as it is there, by size and time: files are never changed, but may be replaced. True for one that has gone there.
  private func has(_ entry: Entry, from source: BlobTree) -> Bool {
    var (here, there) = (stat(), stat())
    guard lstat("\(root)/\(entry.target)", &here) == 0 else { return false }
    guard lstat("\(source.root)/\(entry.source)", &there) == 0 else { return true }
    return here.st_size == there.st_size && here.st_mtim.tv_sec == there.st_mtim.tv_sec
      && here.st_mtim.tv_nsec == there.st_mtim.tv_nsec
  }

  func remove(_ path: String) { unlink("\(root)/\(path)") }

  enum Way: Sendable {
    case copy
    /// The same file under another name, where that can be; for places that are thrown away.
    case link
  }

  /// Every directory that a store has: a store takes it that all are there once one is.
  func createDirectories() throws {
    for parent in Self.sharded {
      for shard in UInt8.min...UInt8.max {
        try FileManager.default.createDirectory(
          atPath: "\(root)/\(parent)/\([shard].hex)", withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
      }
    }
  }

  struct Taken: Sendable {
    var copied = 0
    var copiedBytes: Int64 = 0
    /// Of all of them, those that were here before included.
    var bytes: Int64 = 0
    /// Those that were no longer where they had been.
    var vanished = 0
  }

  /// Several at a time, because each waits for the disk.
  private static let lanes = 16

  /// Brings what is not here yet, or is not what is there: a damaged file that was mended keeps its name.
  ///
  /// Files that are not whole yet lie in a directory of their own, so one that was cut off is never taken for a blob.
  func takeAll(
    _ entries: [Entry], from source: BlobTree, _ way: Way = .copy,
    progress: @escaping @Sendable (BackupProgress) -> Void
  ) async throws -> Taken {
    try? FileManager.default.removeItem(atPath: drafts)
    try FileManager.default.createDirectory(
      atPath: drafts, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: drafts) }
    let isCancelled = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // It blocks: not on a thread that tasks run on.
        DispatchQueue.global().async {
          continuation.resume(with: Result { try takeAll(entries, from: source, way, isCancelled, progress) })
        }
      }
    } onCancel: {
      isCancelled.set()
    }
  }

  private func takeAll(
    _ entries: [Entry], from source: BlobTree, _ way: Way, _ isCancelled: CancellationFlag,
    _ progress: @escaping @Sendable (BackupProgress) -> Void
  ) throws -> Taken {
    let state = Mutex<(taken: Taken, done: Int, failure: (any Error)?)>((Taken(), 0, nil))
    DispatchQueue.concurrentPerform(iterations: Self.lanes) { lane in
      for index in stride(from: lane, to: entries.count, by: Self.lanes) {
        if isCancelled.isSet || state.withLock({ $0.failure != nil }) { return }
        let entry = entries[index]
        do {
          let isNew = !has(entry, from: source)
          let isHere = try !isNew || take(entry, from: source, way)
          let size = isHere ? self.size(of: entry.target) ?? 0 : 0
          let now = state.withLock { state in
            state.done += 1
            state.taken.bytes += size
            if !isHere { state.taken.vanished += 1 }
            if isNew, isHere {
              state.taken.copied += 1
              state.taken.copiedBytes += size
            }
            return (state.done, state.taken.copiedBytes)
          }
          if now.0.isMultiple(of: 64) {
            progress(.init(stage: .blobs, done: now.0, total: entries.count, bytes: now.1))
          }
        } catch {
          state.withLock { $0.failure = $0.failure ?? error }
        }
      }
    }
    if isCancelled.isSet { throw CancellationError() }
    if let failure = state.withLock({ $0.failure }) { throw failure }
    return state.withLock { $0.taken }
  }

  /// Brings a file here, under its name once it is whole. False when the source has gone meanwhile: it has moved, or was removed.
  ///
  /// Its name is durable after ``DurableFile/syncDirectories(below:)``.
  private func take(_ entry: Entry, from source: BlobTree, _ way: Way) throws -> Bool {
    let (from, to) = ("\(source.root)/\(entry.source)", "\(root)/\(entry.target)")
    try FileManager.default.createDirectory(
      atPath: (to as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    if way == .link {
      if link(from, to) == 0 || errno == EEXIST { return true }
      if errno == ENOENT { return false }
    }
    let input = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard input >= 0 else {
      if errno == ENOENT { return false }
      throw DurableFile.failure(from)
    }
    defer { close(input) }
    let draft = "\(drafts)/\(UUID().uuidString)"
    let output = try DurableFile.open(draft, O_WRONLY | O_CREAT | O_EXCL)
    do {
      try Self.copy(input, output, draft)
      close(output)
    } catch {
      close(output)
      unlink(draft)
      throw error
    }
    try DurableFile.move(draft, to: to)
    return true
  }

  private static func copy(_ input: Int32, _ output: Int32, _ path: String) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(input, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw DurableFile.failure(path) }
      guard count > 0 else { break }
      try DurableFile.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: output, path)
    }
    // A store leaves alone for a while what was written just now: its age goes along.
    var status = stat()
    guard fstat(input, &status) == 0 else { throw DurableFile.failure(path) }
    let times = [status.st_atim, status.st_mtim]
    guard futimens(output, times) == 0, fsync(output) == 0 else { throw DurableFile.failure(path) }
  }
}

/// Told by a task, asked by threads that are in none.
private final class CancellationFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}
