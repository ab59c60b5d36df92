// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
public import EventStore
import Foundation
public import Postgres

/// Folds the log into what contents are compared by, which ones were found alike, and the groups that follow.
///
/// Where a content belongs follows from those that its owner had before it (``StarChoice``), so groups are a function of the facts and not
/// of the order in which these became known: a rebuild comes to the same. What a batch changes is followed from content to content.
public struct SimilarityProjection: Projection {
  public static let name = "similarity"
  public static let version = 2
  public static let eventTypes: Set<String>? = [
    "file.uploaded", "file.trashed", "file.restored", "file.removed", "content.sketched", "duplicates.nearMatched",
    "duplicates.dismissed", "duplicates.undone", "duplicates.thresholdsSet",
  ]

  public static let ownerTables: [StaticString] = [
    "copy", "fingerprint", "resemblance", "dismissal", "placement", "similar_group", "threshold",
  ]

  /// How many contents a group may have, the medoid included.
  let groupLimit: Int

  public init() { self.init(groupLimit: 1000) }

  init(groupLimit: Int) { self.groupLimit = groupLimit }

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    let changes = try SimilarityChanges(batch)
    var stars: Set<OwnedContent> = []
    var doubtful: Set<OwnedContent> = []

    let moved = try await place(changes.files, on: connection)
    try await index(changes, on: connection)
    if !changes.resemblances.isEmpty { _ = try await connection.execute(Self.insert(changes.resemblances)) }
    if !changes.dismissals.isEmpty { try await decide(changes.dismissals, on: connection) }
    if !changes.thresholds.isEmpty { _ = try await connection.execute(Self.insert(changes.thresholds)) }

    if !moved.isEmpty {
      stars.formUnion(moved.map(\.content))
      stars.formUnion(moved.compactMap(\.star))
      doubtful.formUnion(try await Self.contents(connection.query(Self.dependents(of: moved))))
      // Where a group was full, there may be room now for those that came after.
      doubtful.formUnion(try await Self.contents(connection.query(Self.waiting(for: moved, groupLimit: groupLimit))))
    }
    let pairs = Set(changes.resemblances.keys + changes.dismissals.keys)
    if !pairs.isEmpty { doubtful.formUnion(try await Self.contents(connection.query(Self.laterOnes(of: pairs)))) }
    if !changes.thresholds.isEmpty {
      doubtful.formUnion(try await Self.contents(connection.query(Self.resembling(of: changes.thresholds.keys))))
    }
    try await recount(stars, on: connection)
    try await settle(doubtful, on: connection)
  }

  /// A content that has come, gone, or has another place in the order.
  struct Moved {
    var content: OwnedContent
    /// Those of later contents that may depend on it come after this position.
    var earliest: Int64
    /// The one that it was grouped round.
    var star: OwnedContent?
  }

  private func place(_ files: FileChanges, on connection: PostgresConnection) async throws -> [Moved] {
    if !files.uploaded.isEmpty {
      try await connection.copyIn(
        "COPY copy (file_id, owner, position, uploaded_at, live, digest, path) FROM STDIN (FORMAT binary)",
        rows: files.uploaded
      ) { row, writer in
        guard let file = row.1.upload else { return }
        writer.row(row.0, file.owner, file.position, file.uploadedAt, row.1.isLive, file.digest, file.path)
      }
    }
    var steps = InOrder<OwnedContent, CopyStep>()
    for (_, change) in files.uploaded {
      guard let file = change.upload else { continue }
      steps[OwnedContent(owner: file.owner, digest: file.digest), default: CopyStep(size: file.size)]
        .add(copies: 1, live: change.isLive ? 1 : 0)
    }
    if !files.known.isEmpty {
      for row in try await connection.query(Self.change(files.known)) {
        let (owner, digest, copies, live) = try row.decode((UUID, String, Int64, Int64).self)
        steps[OwnedContent(owner: owner, digest: digest), default: CopyStep(size: 0)].add(copies: copies, live: live)
      }
    }
    guard !steps.isEmpty else { return [] }
    return try await connection.query(Self.place(steps)).map { row in
      let (owner, digest, earliest, star) = try row.decode((UUID, String, Int64, String?).self)
      return Moved(
        content: OwnedContent(owner: owner, digest: digest), earliest: earliest,
        star: star.map { OwnedContent(owner: owner, digest: $0) })
    }
  }

  /// How many copies of a content have come or gone.
  struct CopyStep {
    /// Of a content that the owner did not have; otherwise it is known.
    var size: Int64
    var copies: Int64 = 0
    var live: Int64 = 0

    mutating func add(copies: Int64, live: Int64) {
      self.copies += copies
      self.live += live
    }
  }

  /// Look-up keys for contents that are new to their owner, and for those whose sketch is new.
  private func index(_ changes: SimilarityChanges, on connection: PostgresConnection) async throws {
    if !changes.sketches.isEmpty {
      _ = try await connection.execute(Self.forget(changes.sketches.keys))
      _ = try await connection.execute(Self.insert(changes.sketches))
    }
    let uploaded = Set(
      changes.files.uploaded.compactMap { $1.upload.map { OwnedContent(owner: $0.owner, digest: $0.digest) } })
    guard !uploaded.isEmpty || !changes.sketches.isEmpty else { return }
    let rows = try await connection.query(Self.unindexed(uploaded, sketched: changes.sketches.keys.map(\.digest))).map {
      row in
      let (owner, digest, algorithm, signature) = try row.decode((UUID, String, String, [UInt8]).self)
      return (owner: owner, digest: digest, sketch: StoredSketch(algorithm: algorithm, signature: signature))
    }
    let known = rows.compactMap { row in row.sketch.keys(of: row.owner).map { (row, $0) } }
    guard !known.isEmpty else { return }
    try await connection.copyIn(
      "COPY fingerprint (owner, algorithm, digest, signature, keys) FROM STDIN (FORMAT binary)", rows: known
    ) { row, writer in
      let (content, keys) = row
      writer.row(content.owner, content.sketch.algorithm, content.digest, content.sketch.signature, keys)
    }
  }

  private func decide(
    _ dismissals: InOrder<OwnedPair, SimilarityChanges.Dismissal?>, on connection: PostgresConnection
  ) async throws {
    let pairs = zip(dismissals.keys, dismissals.values)
    let dismissed = pairs.compactMap { pair, dismissal in dismissal.map { (pair, $0) } }
    if !dismissed.isEmpty { _ = try await connection.execute(Self.insert(dismissed)) }
    let undone = pairs.filter { $1 == nil }.map(\.0)
    if !undone.isEmpty { _ = try await connection.execute(Self.delete(undone)) }
  }

  /// Finds a place for contents of which it is in doubt, then for those whose places follow from theirs, until none is in doubt. Every step goes
  /// from earlier contents to later ones, so it ends.
  private func settle(_ doubtful: Set<OwnedContent>, on connection: PostgresConnection) async throws {
    var doubtful = doubtful
    while !doubtful.isEmpty {
      var round = try await StarRound(doubtful, groupLimit: groupLimit, on: connection)
      let moves = round.choose()
      guard !moves.isEmpty else { return }
      _ = try await connection.execute(Self.move(moves))
      try await recount(round.changedStars, on: connection)
      doubtful = try await Self.contents(
        connection.query(Self.followers(of: moves.map(\.content), fullStars: round.changedFullStars)))
    }
  }

  private func recount(_ stars: Set<OwnedContent>, on connection: PostgresConnection) async throws {
    if !stars.isEmpty { _ = try await connection.execute(Self.recount(stars)) }
  }

  private static func contents(_ rows: PostgresRows) throws -> Set<OwnedContent> {
    Set(
      try rows.map { row in
        let (owner, digest) = try row.decode((UUID, String).self)
        return OwnedContent(owner: owner, digest: digest)
      })
  }
}
