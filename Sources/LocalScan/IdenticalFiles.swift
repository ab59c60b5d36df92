// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files with the same bytes.
public struct IdenticalGroup: Equatable, Sendable {
  /// SHA-256 of the content.
  public var digest: [UInt8]
  /// Of one file.
  public var size: Int64
  /// Two or more, in the order of their paths.
  public var files: [ScannedFile]

  /// What all files but one take.
  public var reclaimableBytes: Int64 { Int64(files.count - 1) * size }
}

/// Finds files with the same bytes and reads as little as it takes: none of a size of its own, of larger ones first three places, and in
/// the end all of those that may be the same. Small files are hashed, large ones compared.
public struct IdenticalFiles: Sendable {
  /// The most reclaimable bytes first.
  public private(set) var groups: [IdenticalGroup] = []
  public private(set) var troubles: [Trouble] = []

  /// Below it, a file is read about as quickly as three places of it.
  private static let smallBytes: Int64 = 64 << 10
  /// From here on comparing is worth having several files open.
  private static let largeBytes: Int64 = 4 << 20

  private let files: [ScannedFile]
  private let progress: ScanProgress

  public init(_ files: [ScannedFile], progress: ScanProgress = ScanProgress()) {
    self.files = files
    self.progress = progress
    let bySize = Self.together(Array(files.indices)) { files[$0].size }
    let small = bySize.filter { files[$0[0]].size <= Self.smallBytes }
    let probed = probe(bySize.filter { files[$0[0]].size > Self.smallBytes })
    let large = probed.filter { files[$0[0]].size >= Self.largeBytes }
    progress.willRead((small + probed).reduce(0) { $0 + $1.count })
    hash((small + probed.filter { files[$0[0]].size < Self.largeBytes }).flatMap(\.self))
    compare(large)
    groups.sort {
      $0.reclaimableBytes == $1.reclaimableBytes
        ? $0.files[0].path < $1.files[0].path : $0.reclaimableBytes > $1.reclaimableBytes
    }
  }

  /// Sets of two or more that have the same key.
  private static func together<Key: Hashable>(_ indices: [Int], by key: (Int) -> Key) -> [[Int]] {
    var sets: [Key: [Int]] = [:]
    sets.reserveCapacity(indices.count)
    for index in indices { sets[key(index), default: []].append(index) }
    return sets.values.filter { $0.count > 1 }
  }

  /// Sets of files that are the same in three places.
  private mutating func probe(_ sets: [[Int]]) -> [[Int]] {
    let probes = each(of: sets.flatMap(\.self)) { file, buffer throws(ReadFailure) in
      try FileReading.probe(file, buffer)
    }
    return sets.flatMap { set in Self.together(set.filter { probes[$0] != nil }) { probes[$0] } }
  }

  private mutating func hash(_ candidates: [Int]) {
    // As they lie on the disk.
    let order = candidates.sorted { left, right in
      files[left].inode == files[right].inode ? left < right : files[left].inode < files[right].inode
    }
    let digests = each(of: order) { [progress] file, buffer throws(ReadFailure) in
      defer { progress.didRead(file.size) }
      return try FileReading.digest(of: file, buffer)
    }
    for indices in Self.together(digests.keys.sorted(), by: { digests[$0] }) { add(indices, digests[indices[0]] ?? []) }
  }

  /// Each set by one thread, the most bytes first, so that none is left with one at the end.
  private mutating func compare(_ sets: [[Int]]) {
    let sets = sets.sorted { Int64($0.count) * files[$0[0]].size > Int64($1.count) * files[$1[0]].size }
    let outcomes = FileReading.map(sets.count) { [files, progress] place, _ in
      let outcome = SideBySide.compare(sets[place].map { files[$0] })
      for index in sets[place] { progress.didRead(files[index].size) }
      return outcome
    }
    for (set, outcome) in zip(sets, outcomes) {
      for (digest, members) in outcome.groups { add(members.map { set[$0] }.sorted(), digest) }
      for (place, failure) in outcome.failures {
        troubles.append(Trouble(path: files[set[place]].path, reason: failure.description))
      }
    }
  }

  private mutating func add(_ indices: [Int], _ digest: [UInt8]) {
    groups.append(
      IdenticalGroup(digest: digest, size: files[indices[0]].size, files: indices.map { files[$0] }))
  }

  /// What `body` makes of each file that can be read; the others are troubles.
  private mutating func each(
    of indices: [Int], _ body: @Sendable (ScannedFile, UnsafeMutableRawBufferPointer) throws(ReadFailure) -> [UInt8]
  ) -> [Int: [UInt8]] {
    let results = FileReading.map(indices.count) { [files] place, buffer in
      do throws(ReadFailure) {
        return Result<[UInt8], ReadFailure>.success(try body(files[indices[place]], buffer))
      } catch {
        return .failure(error)
      }
    }
    var values: [Int: [UInt8]] = [:]
    values.reserveCapacity(indices.count)
    for (index, result) in zip(indices, results) {
      switch result {
      case .success(let value): values[index] = value
      case .failure(let failure): troubles.append(Trouble(path: files[index].path, reason: failure.description))
      }
    }
    return values
  }
}
