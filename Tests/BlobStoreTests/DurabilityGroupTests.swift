// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Domain
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import BlobStore

struct DurabilityGroupTests {
  let home: TemporaryDirectory
  let root: String

  init() throws {
    home = try TemporaryDirectory()
    root = "\(home.path)/blobs"
  }

  @Test func whatArrivesDuringARoundSharesTheNext() async throws {
    let trace = DiskTrace()
    let gate = Gate()
    let store = try LocalBlobStore(
      root: root,
      disk: Disk { step throws(BlobStoreError) in
        try trace.disk.before(step)
        if case .syncFile = step { gate.pass() }
      })
    trace.forget()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await store.publish(Sample.noise(100)) }
      await gate.waitForVisitor()
      // Bodies too long to be looked up before they are written: each of the 50 has a file of its own.
      for _ in 0..<50 { group.addTask { _ = try await store.publish(Sample.noise(300_000, seed: 9)) } }
      try await eventually { store.durability.waitingCount == 50 }
      gate.open()
      try await group.waitForAll()
    }
    let syncs = trace.steps.filter { if case .syncDirectory = $0 { true } else { false } }
    #expect(syncs.count == 2, "one for the first, one for all others")
    #expect(home.files().count == 2)
  }

  enum Failure: String, CaseIterable, Sendable { case file, directory }

  @Test(arguments: Failure.allCases)
  func aFailedSyncFailsTheUploadForGood(failure: Failure) async throws {
    let isBroken = Mutex(false)
    let store = try LocalBlobStore(
      root: root,
      disk: Disk { step throws(BlobStoreError) in
        switch (step, failure) {
        case (.syncFile, .file), (.syncDirectory, .directory):
          if isBroken.withLock({ $0 }) { throw .system(operation: "fsync", path: "", errno: 5) }
        default: break
        }
      })
    isBroken.withLock { $0 = true }
    let content = Sample.noise(70_000)
    let staged = try await store.stage()
    try await staged.write(ByteBuffer(bytes: content))
    await #expect(throws: BlobStoreError.system(operation: "fsync", path: "", errno: 5)) { try await staged.finish() }
    // The second try must not be told that all is well: the kernel reports a lost page once.
    isBroken.withLock { $0 = false }
    await #expect(throws: BlobStoreError.closed) { try await staged.finish() }
    switch failure {
    case .file: #expect(home.files().isEmpty, "nothing is published, nothing is left")
    case .directory: #expect(home.files().count == 1, "another upload may rely on the name by now")
    }

    let digest = try await store.publish(content).digest
    #expect(try await store.bytes(digest) == content, "the next upload starts anew")
  }

  @Test func aNameThatSomebodyElseCouldNotSyncIsStillThereForWhoFoundIt() async throws {
    let content = Sample.noise(5000)
    let breaksOnce = Mutex(false)
    let gate = Gate()
    let store = try LocalBlobStore(
      root: root,
      disk: Disk { step throws(BlobStoreError) in
        guard case .syncDirectory = step,
          breaksOnce.withLock({ isDue in
            defer { isDue = false }
            return isDue
          })
        else { return }
        gate.pass()
        throw .system(operation: "fsync", path: "", errno: 5)
      })
    breaksOnce.withLock { $0 = true }
    let first = Task { try await store.publish(content) }
    await gate.waitForVisitor()
    // The name is there, and the first upload is about to fail.
    let second = Task { try await store.publish(content) }
    try await eventually { store.durability.waitingCount == 1 }
    gate.open()
    await #expect(throws: BlobStoreError.self) { try await first.value }
    let digest = try await second.value.digest
    #expect(try await store.bytes(digest) == content)
  }

  @Test func aFullDiskIsReportedAsFull() async throws {
    let store = try LocalBlobStore(
      root: root,
      disk: Disk { step throws(BlobStoreError) in if case .write = step { throw .full } })
    let staged = try await store.stage()
    await #expect(throws: BlobStoreError.full) { try await staged.write(ByteBuffer(bytes: Sample.noise(300_000))) }
    await #expect(throws: BlobStoreError.closed) { try await staged.finish() }
    await staged.discard()
    #expect(home.files().isEmpty)
  }

  @Test func aCancelledUploadDoesNotHoldUpOthers() async throws {
    let store = try LocalBlobStore(root: root)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<100 {
        group.addTask {
          let upload = Task { try await store.publish(Sample.noise(1000, seed: UInt64(index))) }
          if index.isMultiple(of: 3) { upload.cancel() }
          return (try? await upload.value) != nil
        }
      }
      let finished = try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      #expect(finished >= 66)
    }
  }
}

/// Holds the first who pass until it is opened.
private final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let state = Mutex((isOpen: false, visitors: 0))

  /// Blocks the calling thread.
  func pass() {
    let mustWait = state.withLock { state in
      state.visitors += 1
      return !state.isOpen
    }
    if mustWait { semaphore.wait() }
  }

  func open() {
    let held = state.withLock { state in
      state.isOpen = true
      return state.visitors
    }
    for _ in 0..<held { semaphore.signal() }
  }

  func waitForVisitor() async {
    try? await eventually { self.state.withLock { $0.visitors > 0 } }
  }
}
