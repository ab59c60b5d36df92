// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation

/// A seal in JSON: numbers as numbers, hashes and the signature in hex, the time with all six digits.
extension Seal: Codable {
  private enum CodingKeys: CodingKey {
    case number, first, last, sealedAt, root, previous, key, nextKey, signature
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(number, forKey: .number)
    try container.encode(first.rawValue, forKey: .first)
    try container.encode(last.rawValue, forKey: .last)
    try container.encode(sealedAt.description, forKey: .sealedAt)
    try container.encode(root.hex, forKey: .root)
    try container.encode(previous.hex, forKey: .previous)
    try container.encode(key.description, forKey: .key)
    try container.encode(nextKey.description, forKey: .nextKey)
    try container.encode(signature.hex, forKey: .signature)
  }

  /// - Throws: also for a range that no seal can have: whoever reads a seal may count on it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value>(_ key: CodingKeys, _ parse: (String) -> Value?) throws -> Value {
      guard let value = parse(try container.decode(String.self, forKey: key)) else {
        throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "not of its form")
      }
      return value
    }
    let hash = { (text: String) in [UInt8](hex: text).flatMap { $0.count == MerkleHasher.hashByteCount ? $0 : nil } }
    self.init(
      number: try container.decode(Int64.self, forKey: .number),
      first: Position(try container.decode(Int64.self, forKey: .first)),
      last: Position(try container.decode(Int64.self, forKey: .last)),
      sealedAt: try read(.sealedAt) { PostgresTime($0) }, root: try read(.root, hash),
      previous: try read(.previous, hash), key: try read(.key) { SealPublicKey($0) },
      nextKey: try read(.nextKey) { SealPublicKey($0) }, signature: try read(.signature) { [UInt8](hex: $0) })
    guard hasPossibleRange else {
      throw DecodingError.dataCorruptedError(forKey: .last, in: container, debugDescription: "no range of a seal")
    }
  }

  /// From 1 on, not empty, and within the limit.
  var hasPossibleRange: Bool {
    first.rawValue >= 1 && last >= first && last.rawValue - first.rawValue < Self.rangeLimit
  }
}

/// The seal, and its leaves as base64.
extension SealRecord: Codable {
  private enum CodingKeys: CodingKey { case leaves }

  public func encode(to encoder: any Encoder) throws {
    try seal.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Data(leaves), forKey: .leaves)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(seal: try Seal(from: decoder), leaves: Array(try container.decode(Data.self, forKey: .leaves)))
  }
}
