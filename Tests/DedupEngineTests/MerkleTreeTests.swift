// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Testing
import TestSupport

struct MerkleTreeTests {
  /// Inputs and roots of the reference implementation of RFC 6962 (certificate-transparency, merkle_tree_test).
  private static let inputs: [[UInt8]] = [
    [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57), Array(0x60...0x6f),
  ]
  private static let roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]

  @Test(arguments: 0...8) func rootsAreThoseOfTheReference(count: Int) {
    let hasher = MerkleHasher()
    let leaves = Self.inputs.prefix(count).flatMap { hasher.leaf($0) }
    #expect(hex(MerkleTree.root(of: leaves)) == Self.roots[count])
  }

  @Test func leavesOfAnotherKindAreOthers() {
    let bytes: [UInt8] = [1, 2, 3]
    #expect(MerkleHasher(tag: [1]).leaf([2, 3]) == MerkleHasher().leaf(bytes))
    #expect(MerkleHasher(tag: [9]).leaf(bytes) != MerkleHasher().leaf(bytes))
  }

  @Test(arguments: Array(1...70) + [8191, 8192]) func everyLeafHasAPathToTheRoot(count: Int) {
    let leaves = Self.leaves(count)
    let root = MerkleTree.root(of: leaves)
    for index in stride(from: 0, to: count, by: max(1, count / 50)) {
      let path = MerkleTree.path(to: index, in: leaves)
      #expect(MerkleTree.root(from: Self.leaf(index, leaves), at: index, of: count, along: path) == root)
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>) func aPathProvesNothingElse(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let count = Int.random(in: 2...300, using: &generator)
    let leaves = Self.leaves(count)
    let root = MerkleTree.root(of: leaves)
    let index = Int.random(in: 0..<count, using: &generator)
    let path = MerkleTree.path(to: index, in: leaves)
    func leads(_ leaf: [UInt8], _ index: Int, _ count: Int, _ path: [[UInt8]]) -> Bool {
      MerkleTree.root(from: leaf, at: index, of: count, along: path) == root
    }
    let leaf = Self.leaf(index, leaves)
    #expect(leads(leaf, index, count, path), "seed \(seed)")

    var otherLeaf = leaf
    otherLeaf[Int.random(in: 0..<32, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    #expect(!leads(otherLeaf, index, count, path), "seed \(seed)")
    #expect(!leads(leaf, (index + 1) % count, count, path), "seed \(seed)")
    #expect(!leads(leaf, index, count, path + [leaf]), "seed \(seed)")
    #expect(!leads(leaf, index, count, path.dropLast()), "seed \(seed)")
    var otherPath = path
    otherPath[Int.random(in: 0..<path.count, using: &generator)][0] ^= 1
    #expect(!leads(leaf, index, count, otherPath), "seed \(seed)")
    #expect(MerkleTree.root(from: leaf, at: -1, of: count, along: path) == nil)
    #expect(MerkleTree.root(from: leaf, at: count, of: count, along: path) == nil)
  }

  private static func leaves(_ count: Int) -> [UInt8] {
    let hasher = MerkleHasher()
    return (0..<count).flatMap { hasher.leaf(Array("leaf \($0)".utf8)) }
  }

  private static func leaf(_ index: Int, _ leaves: [UInt8]) -> [UInt8] { Array(leaves[index * 32..<(index + 1) * 32]) }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
