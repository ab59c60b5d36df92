// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import NIOCore
import Testing
import TestSupport

/// A store to be held to the contract, and what it needs to live.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let open: @Sendable () throws -> (store: any BlobStore, home: TemporaryDirectory?)

  static let all: [StoreUnderTest] = [
    StoreUnderTest(testDescription: "memory") { (MemoryBlobStore(), nil) },
    StoreUnderTest(testDescription: "local") {
      let home = try TemporaryDirectory()
      return (try LocalBlobStore(root: "\(home.path)/blobs", threads: 4), home)
    },
  ]
}

/// Contents by name; the same every time.
enum Sample {
  static func text(_ count: Int) -> [UInt8] {
    Array(repeatElement(Array("once upon a blob, ".utf8), count: count / 18 + 1).joined().prefix(count))
  }

  /// Bytes that do not compress; others for each seed.
  static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var bytes = Array(longNoise.prefix(count))
    for (index, byte) in withUnsafeBytes(of: seed, Array.init).prefix(count).enumerated() { bytes[index] ^= byte }
    return bytes
  }

  /// Made once: it is slow in a debug build.
  private static let longNoise: [UInt8] = {
    var generator = SeededGenerator(seed: 1)
    return (0..<137_500).flatMap { _ in withUnsafeBytes(of: generator.next(), Array.init) }
  }()
}
