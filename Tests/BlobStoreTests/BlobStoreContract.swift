// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BlobStore

/// A store to be held to the contract, and what it needs to live.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Of the trial of removals: some stores are slower than others.
  let trialRounds: Int
  /// Whether what is published has its final form at once, and what is published again while it is condemned is restored: others publish a copy.
  var settlesAtOnce = false
  let open: @Sendable () throws -> (store: any BlobStore, home: TemporaryDirectory?)

  static let all: [StoreUnderTest] =
    [
      StoreUnderTest(testDescription: "memory", trialRounds: 4000) { (MemoryBlobStore(), nil) },
      StoreUnderTest(testDescription: "local", trialRounds: 800) {
        let home = try TemporaryDirectory()
        return (try LocalBlobStore(root: "\(home.path)/blobs", threads: 4), home)
      },
    ]
    + (S3Server.shared.map { server in
      [
        StoreUnderTest(testDescription: "s3", trialRounds: 80, settlesAtOnce: true) {
          let home = try TemporaryDirectory()
          let store = try S3BlobStore(
            server.configuration(), staging: "\(home.path)/staging", index: MemoryChunkIndex(),
            installation: { UUID(uuidString: "01a21f1d-9878-872b-87f3-2d5683a87ff2") }, threads: 4)
          return (store, home)
        }
      ]
    } ?? [])
}

extension StoreUnderTest {
  /// However many wrote it.
  func expectOneBlob(in store: any BlobStore, _ home: TemporaryDirectory?) async throws {
    guard let home else { return }
    if !settlesAtOnce { return #expect(home.files().count == 1) }
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    let totals = try await store.chunkTotals()
    #expect(totals.contents == 1 && totals.packs == 1, "\(totals)")
    #expect(home.files().isEmpty, "nothing is left on the way")
  }
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
