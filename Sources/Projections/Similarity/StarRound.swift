// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Postgres

/// What has to be known to place some contents, and their places.
struct StarRound {
  struct Move {
    var content: OwnedContent
    /// Nil for a content on its own.
    var place: Place?
  }

  struct Place: Equatable {
    var medoid: String
    var score: Double
    /// How the two were found to be alike.
    var algorithm: String
    var matchedAt: Date
  }

  private struct Doubtful {
    var content: OwnedContent
    var since: Int64
    var isLive: Bool
    var place: Place?
  }

  /// The earliest first.
  private var doubtful: [Doubtful] = []
  private var choices: [OwnedContent: StarChoice<String>] = [:]
  /// How and when pairs were found, by the later content and the earlier one.
  private var found: [OwnedContent: [String: (algorithm: String, at: Date)]] = [:]
  /// Contents that are no duplicates of these, which they are asked of again as places change.
  private var mates: [OwnedContent: [(digest: String, medoid: String?)]] = [:]
  /// Members of groups that are full or may become so, by digest, with their places in the order.
  private var crowded: [OwnedContent: [String: Int64]] = [:]
  /// What this round has changed: nil for a content on its own now.
  private var moved: [OwnedContent: Place?] = [:]
  private let groupLimit: Int

  /// Groups that have won or lost members.
  private(set) var changedStars: Set<OwnedContent> = []
  /// Those of them in which there may be no room, or some again; with the earliest change.
  private(set) var changedFullStars: [OwnedContent: Int64] = [:]

  init(_ contents: Set<OwnedContent>, groupLimit: Int, on connection: PostgresConnection) async throws {
    self.groupLimit = groupLimit
    for row in try await connection.query(SimilarityProjection.places(of: contents)) {
      let (owner, digest, since, isLive, medoid, score, algorithm, matchedAt) = try row.decode(
        (UUID, String, Int64, Bool, String?, Double?, String?, Date?).self)
      var place: Place?
      if let medoid, let score, let algorithm, let matchedAt {
        place = Place(medoid: medoid, score: score, algorithm: algorithm, matchedAt: matchedAt)
      }
      doubtful.append(
        Doubtful(content: OwnedContent(owner: owner, digest: digest), since: since, isLive: isLive, place: place))
    }
    doubtful.sort { $0.since < $1.since }
    for row in try await connection.query(SimilarityProjection.neighbours(of: contents)) {
      let (owner, digest, other, since, score, algorithm, matchedAt, medoid) = try row.decode(
        (UUID, String, String, Int64, Double, String, Date, String?).self)
      let content = OwnedContent(owner: owner, digest: digest)
      choices[content, default: StarChoice()].neighbours.append(
        StarChoice.Neighbour(content: other, order: since, score: score, medoid: medoid))
      found[content, default: [:]][other] = (algorithm, matchedAt)
    }
    for row in try await connection.query(SimilarityProjection.dismissedMates(of: contents)) {
      let (owner, digest, other, medoid) = try row.decode((UUID, String, String, String?).self)
      mates[OwnedContent(owner: owner, digest: digest), default: []].append((other, medoid))
    }
    let stars = Set(
      choices.flatMap { content, choice in
        choice.neighbours.map { OwnedContent(owner: content.owner, digest: $0.content) }
      })
    guard !stars.isEmpty else { return }
    // All other groups have room for everybody here.
    let spare = groupLimit - 1 - contents.count
    if spare < 0 { crowded = Dictionary(uniqueKeysWithValues: stars.map { ($0, [:]) }) }
    let members = SimilarityProjection.members(of: stars, withMoreThan: spare)
    for row in try await connection.query(members) {
      let (owner, medoid, digest, since) = try row.decode((UUID, String, String, Int64).self)
      crowded[OwnedContent(owner: owner, digest: medoid), default: [:]][digest] = since
    }
  }

  /// The contents whose places are others now.
  mutating func choose() -> [Move] {
    var moves: [Move] = []
    for item in doubtful {
      let place = item.isLive ? best(for: item) : nil
      guard place != item.place else { continue }
      moves.append(Move(content: item.content, place: place))
      moved[item.content] = .some(place)
      if place?.medoid != item.place?.medoid {
        leave(item.place?.medoid, item)
        join(place?.medoid, item)
      } else if let medoid = place?.medoid {
        // Its score, or when it was found, is another.
        changedStars.insert(OwnedContent(owner: item.content.owner, digest: medoid))
      }
    }
    return moves
  }

  private func best(for item: Doubtful) -> Place? {
    guard var choice = choices[item.content] else { return nil }
    let owner = item.content.owner
    for index in choice.neighbours.indices {
      choice.neighbours[index].medoid = medoid(
        of: choice.neighbours[index].content, owner, otherwise: choice.neighbours[index].medoid)
    }
    for mate in mates[item.content] ?? [] {
      choice.unfit.insert(mate.digest)
      if let medoid = medoid(of: mate.digest, owner, otherwise: mate.medoid) { choice.unfit.insert(medoid) }
    }
    guard let best = choice.best(hasRoom: { hasRoom(OwnedContent(owner: owner, digest: $0), for: item) }),
      let match = found[item.content]?[best.content]
    else { return nil }
    return Place(medoid: best.content, score: best.score, algorithm: match.algorithm, matchedAt: match.at)
  }

  /// Those that came earlier have their places before it, whenever they were found.
  private func hasRoom(_ star: OwnedContent, for item: Doubtful) -> Bool {
    guard let members = crowded[star] else { return true }
    return members.values.count { $0 < item.since } < groupLimit - 1
  }

  private func medoid(of digest: String, _ owner: UUID, otherwise known: String?) -> String? {
    if let place = moved[OwnedContent(owner: owner, digest: digest)] { place?.medoid } else { known }
  }

  private mutating func leave(_ medoid: String?, _ item: Doubtful) {
    guard let medoid else { return }
    let star = OwnedContent(owner: item.content.owner, digest: medoid)
    changedStars.insert(star)
    noteIfFull(star, item)
    crowded[star]?[item.content.digest] = nil
  }

  private mutating func join(_ medoid: String?, _ item: Doubtful) {
    guard let medoid else { return }
    let star = OwnedContent(owner: item.content.owner, digest: medoid)
    changedStars.insert(star)
    crowded[star]?[item.content.digest] = item.since
    noteIfFull(star, item)
  }

  private mutating func noteIfFull(_ star: OwnedContent, _ item: Doubtful) {
    guard let members = crowded[star], members.count >= groupLimit - 1 else { return }
    changedFullStars[star] = min(changedFullStars[star] ?? .max, item.since)
  }
}
