// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import BlobStore

/// Records what a store does to the disk, in order, and can end it: every step after a given number fails, as if the process had been
/// killed at that moment.
final class DiskTrace: Sendable {
  private struct State {
    var steps: [Disk.Step] = []
    var stepsLeft: Int?
  }

  static let killed = BlobStoreError.system(operation: "killed", path: "", errno: 0)

  private let state = Mutex(State())

  var steps: [Disk.Step] { state.withLock { $0.steps } }

  var disk: Disk {
    Disk { [self] step throws(BlobStoreError) in
      let isAlive = state.withLock { state in
        if let left = state.stepsLeft {
          if left == 0 { return false }
          state.stepsLeft = left - 1
        }
        state.steps.append(step)
        return true
      }
      if !isAlive { throw Self.killed }
    }
  }

  /// Forgets the steps so far and kills after some more.
  func kill(after stepCount: Int) { state.withLock { $0 = State(stepsLeft: stepCount) } }

  /// Lets all further steps happen.
  func revive() { state.withLock { $0 = State() } }

  func forget() { state.withLock { $0.steps = [] } }
}

/// What a power cut would leave, by the steps before it: bytes last from `syncFile` on, names from `syncDirectory` on.
struct DurableState {
  private var unsyncedFiles: Set<String> = []
  private var unsyncedNames: Set<String> = []
  /// Names that will be there after a power cut.
  private(set) var durableNames: Set<String> = []
  /// What would make an accident possible.
  private(set) var violations: [String] = []

  init(_ steps: [Disk.Step]) {
    for step in steps { apply(step) }
  }

  private mutating func apply(_ step: Disk.Step) {
    switch step {
    case .create(let path), .write(let path):
      unsyncedFiles.insert(path)
    case .syncFile(let path):
      unsyncedFiles.remove(path)
    case .link(let path, let name):
      if unsyncedFiles.contains(path) { violations.append("\(name) was published before its bytes were durable") }
      unsyncedNames.insert(name)
    case .rename(let path, let name):
      if !durableNames.contains(path) { violations.append("\(path) was moved before it was durable") }
      durableNames.remove(path)
      unsyncedNames.insert(name)
    case .syncDirectory(let directory):
      let synced = unsyncedNames.filter { $0.hasPrefix("\(directory)/") }
      unsyncedNames.subtract(synced)
      durableNames.formUnion(synced)
    case .remove(let path):
      guard durableNames.remove(path) != nil, let hex = path.split(separator: "/").last else { return }
      let others = durableNames.filter { name in
        name.hasSuffix("/\(hex)") || name.hasSuffix("/\(hex).lz4") || name.hasSuffix(".pack")
      }
      if others.isEmpty { violations.append("\(path) was removed while nothing else was durable") }
    }
  }
}
