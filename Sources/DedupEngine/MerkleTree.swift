// SPDX-License-Identifier: Apache-2.0

/// The tree of RFC 6962 over a list of leaves: one hash, the root, stands for all of them, and a path of few hashes proves one.
///
/// Lists are bytes, 32 for each hash. The RFC splits at the largest power of two below the count; joining neighbours level by level,
/// and carrying a last one without a neighbour up as it is, gives the same tree.
public enum MerkleTree {
  private static let size = MerkleHasher.hashByteCount

  /// The root over leaves; SHA-256 of nothing when there are none. One hash for each leaf but one.
  public static func root(of leaves: [UInt8], with hasher: MerkleHasher = MerkleHasher()) -> [UInt8] {
    guard !leaves.isEmpty else { return SHA256Hasher.hash([]) }
    var level = Level(leaves, hasher)
    while level.count > 1 { level.rise() }
    return Array(level.hashes.prefix(size))
  }

  /// The hashes that lead from one leaf to the root, the lowest first.
  /// - Precondition: `index` is that of a leaf.
  public static func path(to index: Int, in leaves: [UInt8], with hasher: MerkleHasher = MerkleHasher()) -> [[UInt8]] {
    precondition((0..<leaves.count / size).contains(index), "leaf \(index) of \(leaves.count / size)")
    var level = Level(leaves, hasher)
    var index = index
    var path: [[UInt8]] = []
    while level.count > 1 {
      let neighbour = index ^ 1
      if neighbour < level.count { path.append(level.hash(neighbour)) }
      level.rise()
      index /= 2
    }
    return path
  }

  /// The root that a leaf and its path lead to; nil when a path of this length leads nowhere in a tree of `count` leaves.
  public static func root(
    from leaf: [UInt8], at index: Int, of count: Int, along path: [[UInt8]], with hasher: MerkleHasher = MerkleHasher()
  ) -> [UInt8]? {
    guard (0..<count).contains(index) else { return nil }
    var hash = leaf
    var rest = path[...]
    var (index, last) = (index, count - 1)
    while last > 0 {
      let neighbour = index ^ 1
      if neighbour <= last {
        guard let next = rest.popFirst() else { return nil }
        hash = neighbour < index ? hasher.node(next, hash) : hasher.node(hash, next)
      }
      index /= 2
      last /= 2
    }
    return rest.isEmpty ? hash : nil
  }

  /// One level of the tree, which its parents replace.
  private struct Level {
    private(set) var hashes: [UInt8]
    private(set) var count: Int
    private let hasher: MerkleHasher

    init(_ leaves: [UInt8], _ hasher: MerkleHasher) {
      precondition(leaves.count.isMultiple(of: size), "a hash has 32 bytes")
      hashes = leaves
      count = leaves.count / size
      self.hasher = hasher
    }

    func hash(_ index: Int) -> [UInt8] { Array(hashes[index * size..<(index + 1) * size]) }

    mutating func rise() {
      for pair in 0..<count / 2 { hasher.combine(at: 2 * pair * size, into: pair * size, of: &hashes) }
      if !count.isMultiple(of: 2) {
        let last = hash(count - 1)
        hashes.replaceSubrange(count / 2 * size..<(count / 2 + 1) * size, with: last)
      }
      count = (count + 1) / 2
    }
  }
}
