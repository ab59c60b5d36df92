// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Dispatch
import Domain
import Foundation
import NIOCore
import Testing

@testable import Backup

/// The backup knows by itself where a store keeps what: here both are held against each other.
struct BlobTreeTests {
  private func publish(_ text: String, in store: LocalBlobStore) async throws -> Digest {
    let staged = try await store.stage()
    try await staged.write(ByteBuffer(string: text))
    return try await staged.finish().digest
  }

  @Test func everythingThatAStoreHasCanBeReadFromItsCopyWhatIsAboutToGoIncluded() async throws {
    let place = FileManager.default.temporaryDirectory.appending(path: "blob-tree-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: place) }
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let (root, copy) = (place.appending(path: "store").path, place.appending(path: "copy").path)
    let store = try LocalBlobStore(root: root)
    let settled = try await publish(String(repeating: "compresses well ", count: 500), in: store)
    let raw = try await publish(
      String((0..<400_000).map { _ in Character(UnicodeScalar(UInt8.random(in: 33...126))) }), in: store)
    _ = try await store.settle(settled)
    var condemned: [Digest] = []
    for text in ["short", String(repeating: "goes soon ", count: 1000)] {
      let digest = try await publish(text, in: store)
      _ = try await store.settle(digest)
      #expect(try await store.condemn(digest) > 0)
      condemned.append(digest)
    }
    let raws = try await publish(String(repeating: "goes as it came ", count: 30_000), in: store)
    #expect(try await store.condemn(raws) > 0)

    let (source, target) = (BlobTree(root: root), BlobTree(root: copy))
    try target.createDirectories()
    let entries = try source.entries()
    let taken = try await target.takeAll(entries, from: source, progress: { _ in })
    #expect(taken.copied == entries.count && taken.vanished == 0)
    #expect(try await target.takeAll(entries, from: source, progress: { _ in }).copied == 0)
    let restored = try LocalBlobStore(root: copy)
    for digest in [settled, raw, raws] + condemned { try await restored.verify(digest) }
  }

  @Test func copyingStopsWhenItIsCancelledAndLeavesNoHalfFile() async throws {
    let place = FileManager.default.temporaryDirectory.appending(path: "blob-tree-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: place) }
    let files = place.appending(path: "source/raw/00")
    try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
    for number in 0..<400 { try Data(count: 100_000).write(to: files.appending(path: "\(number)")) }
    let (source, target) = (BlobTree(root: place.path + "/source"), BlobTree(root: place.path + "/target"))
    let entries = try source.entries()
    let (began, begin) = AsyncStream<Void>.makeStream()
    // Whoever tells of progress waits until it is cancelled, so some files cannot have been copied before.
    let isCancelled = DispatchSemaphore(value: 0)
    let task = Task {
      try await target.takeAll(entries, from: source) { _ in
        begin.yield()
        isCancelled.wait()
        isCancelled.signal()
      }
    }
    for await _ in began { break }
    task.cancel()
    isCancelled.signal()
    await #expect(throws: CancellationError.self) { try await task.value }
    let copied = try target.entries()
    #expect(copied.count < 400 && copied.allSatisfy { target.size(of: $0.target) == 100_000 })
    #expect(!FileManager.default.fileExists(atPath: place.path + "/target/.drafts"))
  }
}
