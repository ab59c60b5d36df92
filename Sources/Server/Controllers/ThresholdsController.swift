// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Duplicates
import EventStore
import HTTPTypes
import Hummingbird
import Projections

/// `/me/thresholds`: from which likeness on contents are shown together, and what others would come to.
struct ThresholdsController: Sendable {
  let reads: AccountReads
  let thresholds: DuplicateThresholds

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("me/thresholds", use: get)
    routes.put("me/thresholds", use: put)
    routes.get("me/thresholds/preview", use: preview)
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let thresholds = try await reads.answer(request.query(), of: context.owner, from: SimilarityProjection()) {
      source in
      try await SimilarViews(source).thresholds(owner: context.owner)
    }
    return try .json(ThresholdsBody(thresholds))
  }

  private struct Wanted: Decodable {
    let text: Double?
    let picture: Double?
    let bytes: Double?
    let sameContent: Bool

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      text = try container.decodeIfPresent(Double.self, forKey: .text)
      picture = try container.decodeIfPresent(Double.self, forKey: .picture)
      // Who does not know of it says nothing about it: null is never, absent is as for everybody.
      bytes =
        container.contains(.bytes)
        ? try container.decodeIfPresent(Double.self, forKey: .bytes) : LikenessThresholds.leastBytes
      sameContent = try container.decode(Bool.self, forKey: .sameContent)
    }

    private enum CodingKeys: CodingKey { case text, picture, bytes, sameContent }
  }

  @Sendable private func put(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let body = try await request.json(Wanted.self, context: context)
    let wanted = LikenessThresholds(
      text: try Self.checked(body.text, "text", LikenessThresholds.all.text),
      picture: try Self.checked(body.picture, "picture", LikenessThresholds.all.picture),
      bytes: try Self.checked(body.bytes, "bytes", LikenessThresholds.all.bytes),
      sameContent: body.sameContent)
    let position = try await thresholds.set(
      wanted, of: context.owner,
      by: Asker(
        account: context.owner, correlationId: context.correlationId, key: context.requestKey?.id("thresholds", "")))
    var response = try Response.json(ThresholdsBody(wanted))
    response.headers[.onefoldPosition] = position.description
    return response
  }

  @Sendable private func preview(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let wanted = LikenessThresholds(
      text: try Self.number(query, "text", LikenessThresholds.all.text),
      picture: try Self.number(query, "picture", LikenessThresholds.all.picture),
      bytes: try Self.number(query, "bytes", LikenessThresholds.all.bytes),
      sameContent: try query.choice("sameContent", of: YesOrNo.self) != .no)
    let preview = try await reads.answer(query, of: context.owner, from: SimilarityProjection()) { source in
      try await SimilarViews(source).preview(owner: context.owner, wanted)
    }
    return try .json(ThresholdPreviewBody(preview))
  }

  private enum YesOrNo: String, CaseIterable { case yes, no }

  /// `off`, or a fraction. What is not said is as it is for everybody.
  private static func number(_ query: QueryParameters, _ name: String, _ lowest: Double?) throws(Problem) -> Double? {
    guard let text = query[name] else { return lowest }
    if text == "off" { return nil }
    guard let value = Double(text) else {
      throw .invalidRequest("The parameter \"\(name)\" must be \"off\" or a number such as 0.8.")
    }
    return try checked(value, name, lowest)
  }

  /// Below what everybody begins with nothing is found, so less would be a promise that is not kept.
  private static func checked(_ value: Double?, _ name: String, _ lowest: Double?) throws(Problem) -> Double? {
    guard let value else { return nil }
    guard value >= lowest ?? 0, value <= 1 else {
      throw .invalidValue("\"\(name)\" must lie between \(lowest ?? 0) and 1.")
    }
    return (value * 1000).rounded() / 1000
  }
}

struct ThresholdsBody: Encodable {
  private let thresholds: LikenessThresholds

  init(_ thresholds: LikenessThresholds) { self.thresholds = thresholds }

  private enum CodingKeys: CodingKey { case text, picture, bytes, sameContent, lowest }

  private struct Lowest: Encodable {
    let text = LikenessThresholds.all.text
    let picture = LikenessThresholds.all.picture
    let bytes = LikenessThresholds.all.bytes
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    // Null for never.
    try container.encode(thresholds.text, forKey: .text)
    try container.encode(thresholds.picture, forKey: .picture)
    try container.encode(thresholds.bytes, forKey: .bytes)
    try container.encode(thresholds.sameContent, forKey: .sameContent)
    try container.encode(Lowest(), forKey: .lowest)
  }
}

struct ThresholdPreviewBody: Encodable {
  let now: SimilarTotalsBody
  let then: SimilarTotalsBody
  let parting: [Pair]

  struct Pair: Encodable {
    let paths: [String]
    let score: Double
    let likeness: String
  }

  init(_ preview: ThresholdPreview) {
    now = SimilarTotalsBody(preview.now)
    then = SimilarTotalsBody(preview.then)
    parting = preview.parting.map {
      Pair(paths: $0.paths, score: $0.score, likeness: SimilarGroupBody.likeness(algorithm: $0.algorithm))
    }
  }
}
