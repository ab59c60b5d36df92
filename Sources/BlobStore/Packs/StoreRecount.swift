// SPDX-License-Identifier: Apache-2.0

public import Domain
import Foundation

/// What a recount from the packs came to: whether the index of chunks, by which savings are told, says what the packs say.
public struct StoreRecount: Equatable, Sendable {
  /// A part of all digests, so that a recount takes bounded memory however much there is: that of a day, of as many days as it takes.
  public struct Share: Equatable, Sendable {
    public let number: Int
    public let count: Int

    public static let all = Share(number: 0, of: 1)

    /// - Precondition: 0 ≤ number < count ≤ 65,536.
    public init(number: Int, of count: Int) {
      precondition((0..<count).contains(number) && count <= 1 << 16, "no such share")
      (self.number, self.count) = (number, count)
    }

    /// That of a day, of as many as some million chunks are a share of.
    public static func ofDay(_ day: Int64, chunks: Int64) -> Share {
      let count = min(1 << 16, Int(chunks / chunksOfShare) + 1)
      return Share(number: Int(day % Int64(count)), of: count)
    }

    /// Some hundred megabytes while they are counted.
    private static let chunksOfShare: Int64 = 4_000_000

    /// By the first two bytes, as all of these are random.
    func contains(_ digest: Digest) -> Bool { contains(digest.bytes[0], digest.bytes[1]) }

    func contains(_ pack: UUID) -> Bool { contains(pack.uuid.0, pack.uuid.1) }

    private func contains(_ first: UInt8, _ second: UInt8) -> Bool {
      (Int(first) << 8 | Int(second)) * count >> 16 == number
    }
  }

  public enum Difference: Equatable, Sendable, CustomStringConvertible {
    /// The index says that so many contents need a chunk; by their manifests it is another number.
    case count(Digest, told: Int, counted: Int)
    /// Its pack has it nowhere, or elsewhere, or with another size.
    case place(Digest, pack: String)

    public var description: String {
      switch self {
      case .count(let digest, let told, let counted):
        "the chunk \(digest) counts as needed by \(told) contents, and \(counted) have it"
      case .place(let digest, let pack): "\(pack) does not have the chunk \(digest) as the index says"
      }
    }
  }

  /// Looked at: all there are, for the counts.
  public internal(set) var contents = 0
  /// Of the share.
  public internal(set) var chunks = 0
  /// Stored bytes of these.
  public internal(set) var bytes: Int64 = 0
  /// Up to ``differenceLimit``.
  public internal(set) var differences: [Difference] = []
  /// Contents whose manifest could not be read; then no counts are compared. `fsck` says why.
  public internal(set) var unreadable = 0

  static let differenceLimit = 100

  mutating func note(_ difference: Difference) {
    if differences.count < Self.differenceLimit { differences.append(difference) }
  }
}
