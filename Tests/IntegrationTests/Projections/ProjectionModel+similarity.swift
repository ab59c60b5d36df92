// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

@testable import Projections

extension ProjectionModel {
  /// A content as its owner has it.
  struct Holding {
    var digest: Digest
    var copies: Int
    var liveCopies: Int
    var since: Position
    var size: Int64
  }

  struct Place: Equatable {
    var medoid: Digest
    var score: Double
    var algorithm: String
    var matchedAt: Date
  }

  mutating func likeness(_ event: RecordedEvent) throws {
    guard let owner = event.owner else { return }
    switch event.type {
    case DuplicateNearMatched.eventType:
      let payload = try event.decode(DuplicateNearMatched.self)
      for match in payload.matches {
        let pair = Pair(owner: owner, digest: payload.digest, other: match.digest)
        // What is the same stays that, whatever another way of comparing says.
        if found[pair]?.algorithm == "can1", payload.algorithm != "can1" { continue }
        for pair in [pair, pair.reversed] {
          found[pair] = (found[pair]?.at ?? event.recordedAt, match.score, payload.algorithm)
        }
      }
    case DuplicatesDismissed.eventType:
      let payload = try event.decode(DuplicatesDismissed.self)
      let pair = Pair(owner: owner, digest: payload.left, other: payload.right)
      for pair in [pair, pair.reversed] { dismissed[pair] = (event.recordedAt, payload.decisionId) }
    case DuplicateThresholdsSet.eventType:
      thresholds[owner] = try event.decode(DuplicateThresholdsSet.self).thresholds
    default:
      let payload = try event.decode(DuplicateDecisionUndone.self)
      let pair = Pair(owner: owner, digest: payload.left, other: payload.right)
      for pair in [pair, pair.reversed] { dismissed[pair] = nil }
    }
  }

  /// The earliest first.
  func holdings(of owner: UUID) -> [Holding] {
    Dictionary(grouping: files.values.filter { $0.owner == owner }, by: \.digest).map { digest, files in
      Holding(
        digest: digest, copies: files.count, liveCopies: files.count { $0.trashedAt == nil },
        since: files.map(\.position).min() ?? .start, size: files[0].size)
    }.sorted { $0.since < $1.since }
  }

  /// One content after another, in the order in which the owner got them: each looks at all before it.
  func places(of owner: UUID, groupLimit: Int) -> [Digest: Place] {
    let order = holdings(of: owner).filter { $0.liveCopies > 0 }.map(\.digest)
    var places: [Digest: Place] = [:]
    for (index, content) in order.enumerated() {
      let earlier = order[..<index]
      func isDismissed(_ other: Digest) -> Bool {
        dismissed[Pair(owner: owner, digest: content, other: other)] != nil
      }
      let alike = earlier.filter { other in
        found[Pair(owner: owner, digest: content, other: other)].map { counts($0, for: owner) } ?? false
      }
      let open = alike.filter { middle in
        let group = [middle] + earlier.filter { places[$0]?.medoid == middle }
        return group.count < groupLimit && !group.contains(where: isDismissed)
      }
      let preferred = open.filter { places[$0] == nil }
      var best: Place?
      for middle in preferred.isEmpty ? open : preferred {
        guard let match = found[Pair(owner: owner, digest: content, other: middle)] else { continue }
        if match.score > best?.score ?? 0 {
          best = Place(medoid: middle, score: match.score, algorithm: match.algorithm, matchedAt: match.at)
        }
      }
      places[content] = best
    }
    return places
  }

  private func counts(_ match: (at: Date, score: Double, algorithm: String), for owner: UUID) -> Bool {
    guard let thresholds = thresholds[owner] else { return true }
    if match.algorithm == "can1" { return thresholds.sameContent }
    return thresholds.text.map { match.score >= $0 } ?? false
  }

  func similarityRows(groupLimit: Int = 1000) -> [String: [String]] {
    var rows: [String: [String]] = [
      "copy": files.map { id, file in
        [
          id.text, file.owner.text, "\(file.position)", time(file.uploadedAt), "\(file.trashedAt == nil)",
          "\(file.digest)",
          file.path,
        ].joined(separator: "|")
      },
      "sketch": sketched.values.flatMap(\.values).map { sketch in
        let signature = [UInt8](Data(base64Encoded: sketch.signature) ?? Data())
        return "\(sketch.digest)|\(sketch.algorithm)|\(sketch.weight)|\(signature.hex)"
      },
      "resemblance": found.map { pair, match in
        "\(pair.owner.text)|\(pair.digest)|\(pair.other)|\(time(match.at))|\(thousandths(match.score))|\(match.algorithm)"
      },
      "dismissal": dismissed.map { pair, decision in
        "\(pair.owner.text)|\(pair.digest)|\(pair.other)|\(time(decision.at))|\(decision.decision.text)"
      },
      "fingerprint": [], "placement": [], "similar_group": [],
      "threshold": thresholds.flatMap { owner, thresholds in
        [
          "\(owner.text)|txt1|\(thresholds.text.map(thousandths) ?? "2000")", "\(owner.text)|img1|2000",
          "\(owner.text)|byt1|\(thresholds.bytes.map(thousandths) ?? "2000")",
          "\(owner.text)|can1|\(thresholds.sameContent ? "0" : "2000")",
        ]
      },
    ]
    for owner in Set(files.values.map(\.owner)) {
      let holdings = holdings(of: owner)
      let places = places(of: owner, groupLimit: groupLimit)
      for holding in holdings {
        let place = places[holding.digest]
        rows["placement", default: []].append(
          [
            owner.text, "\(holding.digest)", "\(holding.copies)", "\(holding.liveCopies)", "\(holding.since)",
            "\(holding.size)",
            place.map { "\($0.medoid)" } ?? "-", place.map { thousandths($0.score) } ?? "-", place?.algorithm ?? "-",
            time(place?.matchedAt),
          ].joined(separator: "|"))
        for sketch in (sketched[holding.digest] ?? [:]).values {
          let signature = [UInt8](Data(base64Encoded: sketch.signature) ?? Data())
          let keys = sketch.algorithm == "can1" ? 1 : 32
          rows["fingerprint", default: []].append(
            "\(owner.text)|\(holding.digest)|\(sketch.algorithm)|\(keys)|\(signature.hex)")
        }
        let members = holdings.filter { places[$0.digest]?.medoid == holding.digest }
        if !members.isEmpty {
          let id = SimilarGroup.id(owner: owner, medoid: "\(holding.digest)")
          rows["similar_group", default: []].append(
            [
              id.text, owner.text, "\(holding.digest)", "\(members.count + 1)", "\(members.reduce(0) { $0 + $1.size })",
              time(members.compactMap { places[$0.digest]?.matchedAt }.min()),
            ].joined(separator: "|"))
        }
      }
    }
    return rows.mapValues { $0.sorted() }
  }

  private func thousandths(_ score: Double) -> String { "\(Int((score * 1000).rounded()))" }
}
