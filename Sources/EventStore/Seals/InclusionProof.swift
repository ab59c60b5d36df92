// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation

/// Proof that one event is in the log as it was sealed: the event's bytes, the hashes that lead from its leaf to the root, and the seal.
///
/// Checked with a public key and nothing else.
public struct InclusionProof: Hashable, Sendable {
  /// The bytes, so that no program between here and the reader can change how the event is spelled.
  public var event: EventTuple
  /// The leaf's place in the range, from 0.
  public var index: Int
  public var path: [[UInt8]]
  public var seal: Seal

  public init(event: EventTuple, index: Int, path: [[UInt8]], seal: Seal) {
    self.event = event
    self.index = index
    self.path = path
    self.seal = seal
  }

  /// The proof for the event at a position that the record covers.
  init(of event: EventTuple, at position: Position, in record: SealRecord, with hasher: MerkleHasher) {
    let index = Int(position.rawValue - record.seal.first.rawValue)
    self.init(
      event: event, index: index, path: MerkleTree.path(to: index, in: record.leaves, with: hasher), seal: record.seal)
  }

  /// The event that is proved.
  /// - Throws: ``InclusionProofError`` when nothing is.
  public func verified(by keys: Set<SealPublicKey>) throws(InclusionProofError) -> RecordedEvent {
    guard let recorded = event.event else { throw .malformed }
    guard seal.hasPossibleRange, recorded.position.rawValue == seal.first.rawValue + Int64(index) else {
      throw .anotherPosition
    }
    let hasher = EventTuple.hasher()
    guard
      MerkleTree.root(
        from: event.leaf(with: hasher), at: index, of: Int(seal.count), along: path, with: hasher) == seal.root
    else { throw .anotherEvent }
    guard seal.isSignatureValid else { throw .badSignature }
    guard keys.contains(seal.key) else { throw .anotherKey(seal.key) }
    return recorded
  }
}

/// Why a proof proves nothing.
public enum InclusionProofError: Error, Equatable, CustomStringConvertible {
  case malformed
  case anotherPosition
  case anotherEvent
  case badSignature
  case anotherKey(SealPublicKey)

  public var description: String {
    switch self {
    case .malformed: "The bytes of the event are not those of one."
    case .anotherPosition: "The event's position is not the one that is proved."
    case .anotherEvent: "The event is not what was sealed: its path does not lead to the seal's root."
    case .badSignature: "The seal's signature is wrong."
    case .anotherKey(let key): "The seal is signed, but by \(key), which is not the key given."
    }
  }
}

/// The event's bytes are base64, hashes are hex.
extension InclusionProof: Codable {
  private enum CodingKeys: CodingKey { case event, index, path, seal }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Data(event.bytes), forKey: .event)
    try container.encode(index, forKey: .index)
    try container.encode(path.map(\.hex), forKey: .path)
    try container.encode(seal, forKey: .seal)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let path = try container.decode([String].self, forKey: .path).map { text in
      guard let hash = [UInt8](hex: text), hash.count == MerkleHasher.hashByteCount else {
        throw DecodingError.dataCorruptedError(forKey: .path, in: container, debugDescription: "not 64 hex digits")
      }
      return hash
    }
    self.init(
      event: EventTuple(bytes: Array(try container.decode(Data.self, forKey: .event))),
      index: try container.decode(Int.self, forKey: .index), path: path,
      seal: try container.decode(Seal.self, forKey: .seal))
  }
}
