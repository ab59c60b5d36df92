// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlobStore
import Foundation
import NIOCore

/// Durable small blobs, many uploads at a time; or, as its limit, the loop that one would write without a store.
struct BlobsBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "blobs", abstract: "Durable blobs a second.")

  @Option(help: "A directory on the disk to measure; what is written there is removed.") var directory: String
  @Option(help: "Blobs.") var count = 4000
  @Option(help: "Bytes of each.") var size = 8192
  @Option(help: "Uploads at a time.") var inFlight = 64
  @Option(help: "Threads of the store.") var threads = LocalBlobStore.defaultThreadCount
  @Flag(help: "Measure a loop of write, fdatasync and rename instead: no store, no directory synced.")
  var loop = false

  func run() async throws {
    let home = "\(directory)/onefold-bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: home) }
    let rate = try await loop ? Rate.measure { try runLoop(home) } : measureStore("\(home)/blobs")
    rate.report()
  }

  private func measureStore(_ root: String) async throws -> Rate {
    let store = try LocalBlobStore(root: root, threads: threads)
    return try await Rate.measure {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<count {
          if index >= inFlight { try await group.next() }
          group.addTask {
            let staged = try await store.stage()
            try await staged.write(ByteBuffer(bytes: content(index)))
            _ = try await staged.finish()
          }
        }
        try await group.waitForAll()
      }
      return count
    }
  }

  private func runLoop(_ home: String) throws -> Int {
    for index in 0..<count {
      let staged = "\(home)/staged"
      let descriptor = open(staged, O_WRONLY | O_CREAT | O_EXCL, 0o600)
      let bytes = content(index)
      guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count, fdatasync(descriptor) == 0,
        close(descriptor) == 0, rename(staged, "\(home)/\(index)") == 0
      else { throw ValidationError("\(staged): \(String(cString: strerror(errno)))") }
    }
    return count
  }

  /// Bytes of which no two indices have the same.
  private func content(_ index: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size)
    withUnsafeBytes(of: index) { bytes.replaceSubrange(0..<8, with: $0) }
    return bytes
  }
}
