// SPDX-License-Identifier: Apache-2.0

public import Domain
public import NIOCore

/// Keeps each content once, under its digest: bytes go in staged, are published whole, settle into their final form, and are
/// read in ranges from whichever form they are in.
///
/// What must hold for every implementation (the conformance suite asserts it):
/// - a blob is visible under its digest only once all of its bytes are durable, and never changes;
/// - publishing or settling a content twice, or from many tasks at once, gives one blob;
/// - a crash leaves at most staged bytes, which ``sweepStaged(olderThan:)`` removes;
/// - a condemned blob is read like any other until ``removeCondemned(_:)``, and no publication that begins after ``condemn(_:)`` relies
///   on it: it publishes bytes of its own.
public protocol BlobStore: Sendable {
  /// Opens a place for bytes whose digest is not known yet.
  func stage() async throws -> any StagedBlob

  /// Publishes many contents, each as ``StagedBlob/finish(expecting:)`` would, at the cost of few: they wait for the disk together.
  /// - Returns: for each, in order, what was published, or ``BlobStoreError/mismatch(expected:actual:)``: nothing was kept of that one.
  /// - Throws: trouble that concerns all of them; then nothing was promised.
  func publish(_ contents: [WholeContent]) async throws -> [Result<PublishedBlob, BlobStoreError>]

  /// Brings a blob into its final form, durably, and says what it takes there. Repeating it is cheap and changes nothing.
  ///
  /// The bytes are checked against the digest on the way: what is damaged is not settled. A condemned blob is restored first.
  /// - Throws: ``BlobStoreError/notFound(_:)``, ``BlobStoreError/damaged(_:_:)``, and trouble of the disk.
  func settle(_ digest: Digest) async throws -> SettledBlob

  /// The bytes of a range, or of all; they are read as the sequence is iterated.
  ///
  /// A damaged blob throws while it is iterated, never gives wrong bytes as a whole: compressed blocks carry checksums, and a
  /// read of all bytes is checked against the digest before its last buffer is handed out.
  /// - Throws: ``BlobStoreError/notFound(_:)``; ``BlobStoreError/rangeOutside(_:size:)`` unless `range` lies within the blob.
  func read(_ digest: Digest, range: Range<Int64>?) async throws -> BlobBytes

  /// Many small contents at the cost of few reads, each checked against its digest.
  /// - Returns: those that could be read like this; the others are there for ``read(_:range:)``, which says what is wrong with them.
  /// - Throws: trouble that concerns all of them.
  func readTogether(_ digests: [Digest]) async throws -> [Digest: ByteBuffer]

  func contains(_ digest: Digest) async throws -> Bool

  /// Reads a blob whole, and checks it: nothing is cached and nothing is changed.
  /// - Throws: ``BlobStoreError/damaged(_:_:)`` with what is wrong first, ``BlobStoreError/notFound(_:)``.
  func verify(_ digest: Digest) async throws

  /// Bytes of content.
  /// - Throws: ``BlobStoreError/notFound(_:)``.
  func size(of digest: Digest) async throws -> Int64

  /// The first step of removing a blob: readers still find it, uploads do not. Repeating it condemns what was published meanwhile.
  ///
  /// A publication that was under way may have found the blob just before, and be about to be referred to. So wait for as long as that
  /// can take, look whether anything refers to the blob, and then either ``restore(_:)`` or ``removeCondemned(_:)``.
  /// - Returns: bytes on disk that are condemned now; zero when there is no blob.
  func condemn(_ digest: Digest) async throws -> Int64

  /// Takes the sentence back, durably. Nothing happens when the blob is not condemned.
  func restore(_ digest: Digest) async throws

  /// Removes what is condemned of a blob for good. What was published since is another copy, and stays.
  /// - Returns: bytes that nothing needs any more, which may be fewer than the blob's: what it shares with others stays. Nil when nothing was
  ///   condemned.
  func removeCondemned(_ digest: Digest) async throws -> Int64?

  /// Finds blobs that are there and not known: those of which a crash kept the knowledge, and all when it was lost, or is of an older backup.
  /// - Parameter age: of what is looked at; younger parts may be about to become known by whoever wrote them, which does no harm.
  /// - Returns: blobs that were not known. Whether anything refers to them is for the caller to find out.
  @discardableResult
  func findPacks(olderThan age: Duration) async throws -> Set<Digest>

  /// Tidies up what holds parts of many blobs: finds what a crash left unknown, and gives back room that nothing needs any more.
  /// - Parameter age: of what is looked at; younger parts may be about to be used by whoever wrote them.
  func tidyPacks(olderThan age: Duration) async throws -> Tidying

  /// What there is to tell of parts that blobs share. Looks at every part: for people now and then, not for every request.
  func chunkTotals() async throws -> ChunkTotals

  /// Removes staged bytes that nothing has been written to for `age`, and says how many files that were.
  func sweepStaged(olderThan age: Duration) async throws -> Int
}

/// A content that is all in memory.
public struct WholeContent: Sendable {
  public let bytes: ByteBuffer
  /// The digest that its sender stated; nil when none was.
  public let expected: Digest?

  public init(bytes: ByteBuffer, expected: Digest? = nil) {
    self.bytes = bytes
    self.expected = expected
  }
}

/// What tidying up came to.
public struct Tidying: Equatable, Sendable {
  /// As ``BlobStore/findPacks(olderThan:)`` says.
  public var found: Set<Digest> = []
  /// Packs that were written anew, or removed.
  public var packs = 0
  /// Bytes on disk that were given back.
  public var bytes: Int64 = 0

  public init() {}
}

extension BlobStore {
  /// One after the other, where waiting costs nothing.
  public func publish(_ contents: [WholeContent]) async throws -> [Result<PublishedBlob, BlobStoreError>] {
    var results: [Result<PublishedBlob, BlobStoreError>] = []
    for content in contents {
      let staged = try await stage()
      try await staged.write(content.bytes)
      do {
        results.append(.success(try await staged.finish(expecting: content.expected)))
      } catch let mismatch as BlobStoreError {
        await staged.discard()
        guard case .mismatch = mismatch else { throw mismatch }
        results.append(.failure(mismatch))
      }
    }
    return results
  }

  /// None are, where each blob is on its own.
  public func readTogether(_ digests: [Digest]) async throws -> [Digest: ByteBuffer] { [:] }

  public func verify(_ digest: Digest) async throws {
    for try await _ in try await read(digest) {}
  }

  /// Nothing is there to be found, or tidied, where each blob is on its own.
  public func findPacks(olderThan age: Duration) async throws -> Set<Digest> { [] }

  public func tidyPacks(olderThan age: Duration) async throws -> Tidying { Tidying() }

  public func chunkTotals() async throws -> ChunkTotals { ChunkTotals() }

  /// All bytes.
  public func read(_ digest: Digest) async throws -> BlobBytes { try await read(digest, range: nil) }
}
