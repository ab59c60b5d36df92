// SPDX-License-Identifier: Apache-2.0

import Archives
import DedupEngine
import Domain
import Foundation
import NIOCore
import Synchronization

/// One run of `pull`: each content that is missing comes once, and is written to every path that has it.
struct PullRun: Sendable {
  /// A content to fetch.
  struct Wanted: Parcel {
    let digest: Digest
    /// A file that has it.
    let id: UUID
    let size: Int64
    /// Where it is missing, below the directory.
    var paths: [FilePath]
    /// Those of them where something else is to be replaced.
    var replaced: Set<FilePath> = []
  }

  struct Outcome: Sendable {
    var fetched = 0
    var writtenBytes: Int64 = 0
    var unchanged = 0
    var failures: [(path: String, reason: String)] = []
  }

  let client: ServerClient
  let target: LocalTarget
  let concurrency: Int
  let overwrite: Bool
  /// Of the past, as people write it.
  let moment: String?
  private let outcome = Shared()

  private final class Shared: Sendable { let value = Mutex(Outcome()) }

  init(client: ServerClient, target: LocalTarget, concurrency: Int, overwrite: Bool, moment: String?) {
    self.client = client
    self.target = target
    self.concurrency = concurrency
    self.overwrite = overwrite
    self.moment = moment
  }

  var result: Outcome { outcome.value.withLock { $0 } }

  // MARK: Comparing

  /// Compares what the server has with what is there, reading no more than files of the same size.
  ///
  /// - Parameter prefix: of the server's paths, with its slash; empty for none.
  func compare(_ files: [ServerClient.RemoteFile], below prefix: String, progress: ProgressBar) async throws -> [Wanted]
  {
    let threads = ProcessInfo.processInfo.activeProcessorCount
    var wanted: [Digest: Wanted] = [:]
    try await withThrowingTaskGroup(of: (ServerClient.RemoteFile, FilePath, replaces: Bool)?.self) { group in
      func take(_ found: (ServerClient.RemoteFile, FilePath, replaces: Bool)?) {
        progress.update { $0.items += 1 }
        guard let (file, path, replaces) = found else { return }
        let fresh = Wanted(digest: file.digest, id: file.id, size: file.size, paths: [])
        wanted[file.digest, default: fresh].paths.append(path)
        if replaces { wanted[file.digest]?.replaced.insert(path) }
      }
      for (number, file) in files.enumerated() {
        if number >= threads, let found = try await group.next() { take(found) }
        group.addTask { try look(at: file, below: prefix) }
      }
      for try await found in group { take(found) }
    }
    return wanted.values.sorted { $0.paths[0].description < $1.paths[0].description }
  }

  /// - Returns: nil when there is nothing to fetch for it.
  private func look(
    at file: ServerClient.RemoteFile, below prefix: String
  ) throws -> (ServerClient.RemoteFile, FilePath, replaces: Bool)? {
    // By bytes: a name may begin with what a slash and it together are one letter of.
    let text = String(decoding: file.path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    do {
      // As a server should have it; nothing is written anywhere on the word of one that has not.
      let path = try FilePath(text)
      switch target.presence(of: path) {
      case .nothing: return (file, path, false)
      case .obstacle(let reason): throw CommandError(reason)
      case .file(let size):
        let place = URL(filePath: target.place(path))
        if size == file.size, try FileReader(place).digest() == file.digest {
          outcome.value.withLock { $0.unchanged += 1 }
          return nil
        }
        guard overwrite else {
          throw CommandError("another file stands there; --overwrite replaces it")
        }
        return (file, path, true)
      }
    } catch {
      try stopIfCancelled(error)
      fail([text], error)
      return nil
    }
  }

  // MARK: Fetching

  func fetch(_ contents: [Wanted], progress: ProgressBar) async throws {
    try await Consignment.each(Consignment.plan(contents), concurrency: concurrency) { consignment in
      switch consignment {
      case .single(let content): try await fetch(content)
      case .archive(let contents, _): try await fetch(contents)
      }
      progress.update { state in
        for content in consignment.items {
          state.items += content.paths.count
          state.bytes += content.size * Int64(content.paths.count)
        }
      }
    }
  }

  private func fetch(_ contents: [Wanted]) async throws {
    var missing = Dictionary(contents.map { ($0.digest, $0) }) { first, _ in first }
    do {
      var reader = TarReader()
      // Of files that were removed since `moment` nothing comes. To ask as of then costs the server a reading of the account's past each time.
      reader.append(try await client.archive(of: contents.map(\.id)))
      var bytes = ByteBuffer()
      while let item = try reader.next() {
        switch item {
        case .file: bytes.clear()
        case .bytes(var piece): bytes.writeBuffer(&piece)
        case .endOfFile:
          // By what it is, whatever the server calls it.
          let digest = Digest(bytes: SHA256Hasher.hash(bytes.readableBytesUInt8Span.bytes))
          if let content = missing.removeValue(forKey: digest) { write(bytes, of: content) }
        case .other: break
        }
      }
      try reader.finish()
    } catch {
      try stopIfCancelled(error)
      return missing.values.forEach { fail($0.paths.map(\.description), error) }
    }
    // Alone they come, or it is told why not.
    for content in missing.values { try await fetch(content) }
  }

  private func write(_ bytes: ByteBuffer, of content: Wanted) {
    for path in content.paths {
      do {
        let file = try target.create(path)
        try file.write(bytes)
        try finish(file, path, content)
      } catch {
        fail([path.description], error)
      }
    }
  }

  private func fetch(_ content: Wanted) async throws {
    guard let first = content.paths.first else { return }
    do {
      let file = try target.create(first)
      let hasher = Mutex<SHA256Hasher?>(SHA256Hasher())
      try await client.content(of: content.id, size: content.size, at: moment) { piece in
        hasher.withLock { $0?.update(piece.readableBytesUInt8Span.bytes) }
        try file.write(piece)
      }
      guard hasher.withLock({ $0.take()?.finish() }) == content.digest.bytes else {
        throw CommandError("what came is not what the server names: its bytes have another digest")
      }
      try finish(file, first, content)
    } catch {
      try stopIfCancelled(error)
      return fail(content.paths.map(\.description), error)
    }
    for path in content.paths.dropFirst() {
      do {
        try Task.checkCancellation()
        let file = try target.create(path)
        try file.write(allOf: FileReader(URL(filePath: target.place(first))))
        try finish(file, path, content)
      } catch {
        try stopIfCancelled(error)
        fail([path.description], error)
      }
    }
  }

  private func finish(_ file: NewFile, _ path: FilePath, _ content: Wanted) throws {
    try file.finish(replacing: content.replaced.contains(path))
    outcome.value.withLock { outcome in
      outcome.fetched += 1
      outcome.writtenBytes += content.size
    }
  }

  private func fail(_ paths: [String], _ error: any Error) {
    outcome.value.withLock { outcome in
      for path in paths { outcome.failures.append((path, "\(error)")) }
    }
  }
}
