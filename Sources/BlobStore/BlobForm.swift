// SPDX-License-Identifier: Apache-2.0

public import Domain

/// In which form a content is kept.
public enum BlobForm: Equatable, Sendable {
  /// As it came: larger ones until they are settled.
  case raw(bytes: Int64)
  /// A file of its own in its final form.
  case file(bytes: Int64, isCompressed: Bool)
  /// - Parameters:
  ///   - bytes: of its chunks, each once, as they are kept.
  ///   - ownBytes: of those that no other content needs.
  case chunks(count: Int, packs: Int, bytes: Int64, ownBytes: Int64)
}

/// A store that can be looked into by those who run it.
public protocol ExaminedBlobStore: BlobStore {
  /// All forms in which a content is there, the final one last, and whether it is condemned. Empty when it is not there.
  /// - Throws: ``BlobStoreError/damaged(_:_:)`` when its manifest cannot be read.
  func forms(of digest: Digest) async throws -> [(form: BlobForm, isCondemned: Bool)]

  /// Packs that the index knows and that are missing, or whose own index is damaged, and packs that the index does not know. What is in them is
  /// checked with the contents that need it.
  func checkPacks() async throws -> [PackFinding]

  /// Writes packs anew whose own index is damaged, from what the index of chunks knows of them. Those with damage in what is needed stay.
  func repairPacks() async throws

  /// Compares what the index of chunks says with the packs: how many contents need each chunk of a share, and where it is.
  func recount(_ share: StoreRecount.Share) async throws -> StoreRecount
}

/// Something that is wrong with a pack.
public struct PackFinding: Equatable, Sendable {
  public let path: String
  public let reason: String
}
