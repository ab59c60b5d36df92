// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
public import Foundation
import Postgres

/// What groups would come of other thresholds.
public struct ThresholdPreview: Equatable, Sendable {
  public var now: SimilarTotals
  public var then: SimilarTotals
  /// Some contents that are grouped now and would be alone, the most alike first.
  public var parting: [Pair]

  public struct Pair: Equatable, Sendable {
    /// Of a file with the content that the group is round, and of one with the other.
    public var paths: [String]
    public var score: Double
    public var algorithm: String
  }
}

extension SimilarViews {
  /// What the owner has said; ``LikenessThresholds/all`` for one who has said nothing.
  public func thresholds(owner: UUID) async throws -> LikenessThresholds {
    let rows = try await source.query(
      "SELECT algorithm, least FROM \(unescaped: source.tables.threshold) WHERE owner = \(owner)")
    let least = Dictionary(try rows.map { row in try row.decode((String, Double).self) }) { first, _ in first }
    func value(_ algorithm: SketchAlgorithm) -> Double? {
      let value = least[algorithm.rawValue] ?? algorithm.leastSimilarity
      return value > 1 ? nil : value
    }
    return LikenessThresholds(
      text: value(.text), picture: value(.picture), bytes: value(.bytes), sameContent: value(.canonical) != nil)
  }

  /// Nothing is changed. Takes all of the owner's pairs into memory: some hundred bytes each.
  ///
  /// - Parameter limit: of ``ThresholdPreview/parting``.
  public func preview(
    owner: UUID, _ thresholds: LikenessThresholds, groupLimit: Int = 1000, limit: Int = 10
  ) async throws -> ThresholdPreview {
    let now = try await totals(owner: owner)
    var choices: [String: StarChoice<String>] = [:]
    var sizes: [String: Int64] = [:]
    var order: [String] = []
    for row in try await source.query(Self.pairs(source.tables, owner: owner, thresholds)) {
      let (digest, size, other, since, score) = try row.decode((String, Int64, String, Int64, Double).self)
      if sizes.updateValue(size, forKey: digest) == nil { order.append(digest) }
      choices[digest, default: StarChoice()].neighbours.append(
        StarChoice.Neighbour(content: other, order: since, score: score))
    }
    var dismissed: [String: [String]] = [:]
    for row in try await source.query(
      "SELECT digest, other FROM \(unescaped: source.tables.dismissal) WHERE owner = \(owner)")
    {
      let (digest, other) = try row.decode((String, String).self)
      dismissed[digest, default: []].append(other)
    }
    // One after another in the order in which the owner got them, as the projection does.
    var medoids: [String: String] = [:]
    var members: [String: Int] = [:]
    var then = SimilarTotals(groups: 0, contents: 0, bytes: 0)
    for digest in order {
      guard var choice = choices[digest] else { continue }
      for index in choice.neighbours.indices {
        choice.neighbours[index].medoid = medoids[choice.neighbours[index].content]
      }
      for mate in dismissed[digest] ?? [] { choice.unfit.formUnion([mate, medoids[mate]].compactMap { $0 }) }
      guard let best = choice.best(hasRoom: { members[$0, default: 0] < groupLimit - 1 }) else { continue }
      medoids[digest] = best.content
      if members[best.content] == nil {
        then.groups += 1
        then.contents += 1
      }
      members[best.content, default: 0] += 1
      then.contents += 1
      then.bytes += sizes[digest] ?? 0
    }
    let grouped = Set(medoids.keys).union(members.keys)
    let parting = try await source.query(
      Self.parting(source.tables, owner: owner, grouped: Array(grouped), limit: limit))
    return ThresholdPreview(
      now: now, then: then,
      parting: try parting.map { row in
        let (path, other, score, algorithm) = try row.decode((String, String, Double, String).self)
        return ThresholdPreview.Pair(paths: [path, other], score: score, algorithm: algorithm)
      })
  }

  /// Live contents, each with a live one before it that resembles it enough, in their order.
  private static func pairs(_ tables: ReadTables, owner: UUID, _ thresholds: LikenessThresholds) -> Query {
    let algorithms = SketchAlgorithm.allCases
    return """
      SELECT later.digest, later.size, earlier.digest, earlier.since, resemblance.score
      FROM \(unescaped: tables.resemblance) AS resemblance
      JOIN unnest(\(algorithms.map(\.rawValue)), \(algorithms.map { thresholds.least(of: $0) }))
        AS threshold (algorithm, least) ON threshold.algorithm = resemblance.algorithm AND score >= least
      JOIN \(unescaped: tables.placement) AS later ON later.owner = resemblance.owner AND later.digest = resemblance.digest
      JOIN \(unescaped: tables.placement) AS earlier ON earlier.owner = resemblance.owner AND earlier.digest = resemblance.other
      WHERE resemblance.owner = \(owner) AND earlier.since < later.since
        AND earlier.live_copies > 0 AND later.live_copies > 0
      ORDER BY later.since
      """
  }

  private static func parting(_ tables: ReadTables, owner: UUID, grouped: [String], limit: Int) -> Query {
    """
    SELECT middle.path, member.path, placement.score, placement.algorithm
    FROM \(unescaped: tables.placement) AS placement
    CROSS JOIN LATERAL (
      SELECT path FROM \(unescaped: tables.copy) AS copy
      WHERE copy.owner = placement.owner AND copy.digest = placement.medoid AND live ORDER BY position LIMIT 1
    ) AS middle
    CROSS JOIN LATERAL (
      SELECT path FROM \(unescaped: tables.copy) AS copy
      WHERE copy.owner = placement.owner AND copy.digest = placement.digest AND live ORDER BY position LIMIT 1
    ) AS member
    WHERE placement.owner = \(owner) AND placement.medoid IS NOT NULL AND placement.digest <> ALL (\(grouped))
    ORDER BY placement.score DESC, placement.since
    LIMIT \(limit)
    """
  }
}
