// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a scan found.
public struct ScanReport: Sendable {
  public struct Options: Sendable {
    public var tree = ScannedTree.Options()
    public var keep = KeepRule.first
    /// Whether texts and pictures are compared.
    public var findsSimilar = false
    /// The least score of similar ones; nil: what is usual for texts, and for pictures.
    public var threshold: Double?

    public init() {}
  }

  public struct Group: Sendable {
    public var identical: IdenticalGroup
    /// The place of the file that stays.
    public var kept: Int
  }

  public let roots: [LocalPath]
  public let files: Int
  public let bytes: Int64
  /// The most reclaimable bytes first.
  public let identical: [Group]
  /// Nil when nobody asked.
  public let similar: [SimilarFileGroup]?
  /// In the order of paths.
  public let troubles: [Trouble]
  public let elapsed: Duration

  /// Blocks its thread for as long as it takes.
  public init(_ roots: [LocalPath], options: Options = Options(), progress: ScanProgress = ScanProgress()) {
    let start = ContinuousClock.now
    let tree = ScannedTree(roots, options: options.tree, progress: progress)
    let exact = IdenticalFiles(tree.files, progress: progress)
    var troubles = tree.troubles + exact.troubles
    identical = exact.groups.map { Group(identical: $0, kept: options.keep.kept(of: $0.files)) }
    if options.findsSimilar {
      // One of each content: copies resemble each other more than enough.
      let copies = Set(
        identical.flatMap { group in
          group.identical.files.enumerated().filter { $0.offset != group.kept }.map(\.element.path)
        })
      let found = SimilarFiles(
        tree.files.filter { !copies.contains($0.path) }, threshold: options.threshold, progress: progress)
      similar = found.groups
      troubles += found.troubles
    } else {
      similar = nil
    }
    self.roots = roots
    files = tree.files.count
    bytes = tree.files.reduce(0) { $0 + $1.size }
    self.troubles = Dictionary(troubles.map { ($0.path, $0) }) { first, _ in first }.values.sorted { $0.path < $1.path }
    elapsed = start.duration(to: .now)
  }

  /// What all files but the kept ones take.
  public var reclaimableBytes: Int64 { identical.reduce(0) { $0 + $1.identical.reclaimableBytes } }

  /// Files in groups of identical ones.
  public var identicalFiles: Int { identical.reduce(0) { $0 + $1.identical.files.count } }

  /// Files that could go: all but the kept one of each group.
  public var superfluous: [LocalPath] {
    identical.flatMap { group in
      group.identical.files.enumerated().filter { $0.offset != group.kept }.map(\.element.path)
    }
  }
}
