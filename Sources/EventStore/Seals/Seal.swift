// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain

/// A signed statement about a range of the log: these events, in this order, and nothing else, after all that was sealed before.
///
/// See docs/seals.md for the bytes.
public struct Seal: Hashable, Sendable {
  /// From 1, without holes.
  public var number: Int64
  /// The range of positions; it begins where the last seal's ended.
  public var first: Position
  public var last: Position
  public var sealedAt: PostgresTime
  /// Over the leaves of the range.
  public var root: [UInt8]
  /// The hash of the seal before; 32 zero bytes in the first.
  public var previous: [UInt8]
  public var key: SealPublicKey
  /// Whose signature the seal after this one must have.
  public var nextKey: SealPublicKey
  public var signature: [UInt8]

  /// What a signed message begins with.
  static let tag = Array("onefold seal 1\n".utf8)
  static let noPrevious = [UInt8](repeating: 0, count: MerkleHasher.hashByteCount)
  /// The most events that one seal covers, so that a proof never needs more than this many leaves.
  public static let rangeLimit: Int64 = 8192

  /// How many events it covers.
  public var count: Int64 { last.rawValue - first.rawValue + 1 }

  /// The bytes that are signed: the tag, and all but the signature as a row.
  public var message: [UInt8] {
    var tuple = BinaryTuple(fieldCount: 8)
    tuple.add(number)
    tuple.add(first.rawValue)
    tuple.add(last.rawValue)
    tuple.add(sealedAt.microseconds)
    tuple.add(root)
    tuple.add(previous)
    tuple.add(key.bytes)
    tuple.add(nextKey.bytes)
    return Self.tag + tuple.bytes
  }

  /// What the next seal holds as ``previous``.
  public var hash: [UInt8] { SHA256Hasher.hash(message) }

  public var isSignatureValid: Bool { key.hasSigned(message, with: signature) }

  /// The seal after `last` over these leaves.
  static func make(
    after last: Seal?, leaves: [UInt8], at time: PostgresTime, keys: SealKeys, with hasher: MerkleHasher
  ) throws -> Seal {
    precondition(!leaves.isEmpty, "a range is never empty")
    let (key, nextKey) = try keys.signing(after: last)
    let first = (last?.last.rawValue ?? 0) + 1
    var seal = Seal(
      number: (last?.number ?? 0) + 1, first: Position(first),
      last: Position(first + Int64(leaves.count / MerkleHasher.hashByteCount) - 1), sealedAt: time,
      root: MerkleTree.root(of: leaves, with: hasher), previous: last?.hash ?? noPrevious, key: key.publicKey,
      nextKey: nextKey, signature: [])
    seal.signature = try key.signature(for: seal.message)
    return seal
  }
}

/// A seal with the leaves of its range: what names the exact event when something was changed. The root makes the leaves trustworthy.
public struct SealRecord: Hashable, Sendable {
  public var seal: Seal
  /// 32 bytes for each event of the range.
  public var leaves: [UInt8]

  /// Are these leaves the ones that were signed?
  func hasTrueLeaves(with hasher: MerkleHasher) -> Bool {
    leaves.count == Int(seal.count) * MerkleHasher.hashByteCount
      && MerkleTree.root(of: leaves, with: hasher) == seal.root
  }

  /// - Precondition: the position lies in the range.
  func leaf(at position: Int64) -> ArraySlice<UInt8> {
    let start = Int(position - seal.first.rawValue) * MerkleHasher.hashByteCount
    return leaves[start..<start + MerkleHasher.hashByteCount]
  }
}
