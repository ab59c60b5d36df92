// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Synchronization

/// Packs as objects of a bucket: `packs/<2 hex>/<name>.pack`.
struct S3PackStorage: PackStorage {
  let client: S3Client
  /// Of the staged files.
  let disk: Disk
  let pool: BlockingPool

  func open(_ id: UUID) throws(BlobStoreError) -> (any PackBytes)? {
    let key = Self.key(id)
    guard let size = try client.size(of: key) else { return nil }
    return S3PackBytes(client: client, key: key, size: size)
  }

  /// No other pack has its name: if that is taken, then by an attempt of ours whose answer was lost.
  func publish(_ pack: WrittenPack) async throws {
    try await pool.run {
      // Whatever comes of it; what cannot be removed now is swept later.
      defer { try? disk.remove(pack.file.path) }
      guard let file = try OpenFile.reading(pack.file.path) else {
        throw BlobStoreError.current("open", pack.file.path)
      }
      let bytes = try file.read(at: 0, count: Int(pack.contents.byteCount))
      _ = try client.create(Self.key(pack.contents.id), bytes)
    }
  }

  func remove(_ id: UUID) throws(BlobStoreError) { try client.remove(Self.key(id)) }

  func list() throws(BlobStoreError) -> [(id: UUID, written: time_t)] {
    try client.list("packs/").compactMap { object in
      let name = object.name.split(separator: "/").last ?? ""
      guard name.hasSuffix(".pack"), let id = UUID(uuidString: String(name.dropLast(5))) else { return nil }
      return (id, time_t(object.written.timeIntervalSince1970))
    }
  }

  func name(of id: UUID) -> String { client.place(Self.key(id)) }

  private static func key(_ id: UUID) -> String {
    let name = id.uuidString.lowercased()
    return "packs/\(name.prefix(2))/\(name).pack"
  }
}

/// One pack in a bucket. What is read one after the other comes in ever longer stretches: a request takes as long as a megabyte.
private final class S3PackBytes: PackBytes {
  private static let stretches = (least: Int64(128 << 10), most: Int64(8 << 20))

  private struct Window {
    var start: Int64 = 0
    var bytes: [UInt8] = []
    var stretch = stretches.least

    var end: Int64 { start + Int64(bytes.count) }
  }

  private let client: S3Client
  private let key: String
  private let byteCount: Int64
  // Held while a stretch is fetched: who reads the same pack at the same time most likely wants the same.
  private let window = Mutex(Window())

  init(client: S3Client, key: String, size: Int64) {
    self.client = client
    self.key = key
    byteCount = size
  }

  func size() -> Int64 { byteCount }

  func read(at offset: Int64, count: Int) throws -> [UInt8] {
    try window.withLock { window in
      let end = min(byteCount, offset + Int64(count))
      guard offset < end else { return [] }
      if offset < window.start || end > window.end {
        let goesOn = (window.start...window.end).contains(offset)
        window.stretch = goesOn ? min(2 * window.stretch, Self.stretches.most) : Self.stretches.least
        let until = min(byteCount, max(end, offset + window.stretch))
        guard let bytes = try client.read(key, range: offset..<until) else {
          throw MissingPack(name: client.place(key))
        }
        window.start = offset
        window.bytes = bytes
      }
      let start = Int(offset - window.start)
      return Array(window.bytes[start..<min(window.bytes.count, start + Int(end - offset))])
    }
  }
}
