// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Duplicates
import EventStore
import Foundation
import Hummingbird
import Projections

/// `/duplicates`: files with the same bytes, and contents that resemble each other; `/decisions`: what their owner says of such.
struct DuplicatesController: Sendable {
  let reads: AccountReads
  let decisions: DuplicateDecisions
  let evidence: ContentEvidence

  private enum Class: String, CaseIterable { case identical, similar }

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("duplicates", use: list)
    routes.get("duplicates/{id}", use: get)
    routes.get("duplicates/{id}/savings", use: savings)
    routes.get("duplicates/{id}/evidence", use: evidence)
    routes.post("duplicates/{id}/dismiss", use: dismiss)
    routes.get("decisions", use: listDecisions)
    routes.post("decisions/{id}/undo", use: undo)
  }

  @Sendable private func list(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let owner = context.owner
    switch try query.choice("class", of: Class.self) ?? .identical {
    case .identical:
      let (page, totals) = try await reads.answer(query, of: owner, from: DuplicatesProjection()) { source in
        let groups = DuplicateViews(source)
        return (
          try await groups.list(owner: owner, limit: list.limit, after: list.after),
          try await groups.totals(owner: owner)
        )
      }
      return try .json(
        ListWithTotals(page: ListBody(page, IdenticalGroupBody.init), totals: IdenticalTotalsBody(totals)))
    case .similar:
      let (page, totals) = try await reads.answer(query, of: owner, from: SimilarityProjection()) { source in
        let groups = SimilarViews(source)
        return (
          try await groups.list(owner: owner, limit: list.limit, after: list.after),
          try await groups.totals(owner: owner)
        )
      }
      return try .json(ListWithTotals(page: ListBody(page, SimilarGroupBody.init), totals: SimilarTotalsBody(totals)))
    }
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    let query = try request.query()
    if let identical = try await identical(id, query, context) { return try .json(IdenticalGroupBody(identical)) }
    return try .json(SimilarGroupBody(try await similar(id, query, context)))
  }

  @Sendable private func savings(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    let query = try request.query()
    let contents =
      if let identical = try await identical(id, query, context) {
        [identical.digest]
      } else {
        try await similar(id, query, context).members.map(\.digest)
      }
    let savings = try await reads.answer(query, of: context.owner, from: SavingsProjection()) { source in
      try await SavingsViews(source).savings(owner: context.owner, of: contents)
    }
    return try .json(SavingsBody(savings))
  }

  private func identical(
    _ id: UUID, _ query: QueryParameters, _ context: SignedInContext
  ) async throws -> DuplicateGroup? {
    try await reads.answer(query, of: context.owner, from: DuplicatesProjection()) { source in
      try await DuplicateViews(source).group(id, owner: context.owner)
    }
  }

  private func similar(
    _ id: UUID, _ query: QueryParameters, _ context: SignedInContext
  ) async throws -> SimilarGroup {
    let group = try await reads.answer(query, of: context.owner, from: SimilarityProjection()) { source in
      try await SimilarViews(source).group(id, owner: context.owner)
    }
    guard let group else { throw Problem.notFound }
    return group
  }

  @Sendable private func evidence(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let group = try await similar(context.pathId(), query, context)
    let pair = try pair(of: query["digest"], query["other"], in: group)
    switch try await evidence.between(pair.digest, pair.other) {
    case .words(let difference): return try .json(TextEvidenceBody(pair.digest, pair.other, difference))
    case .regions(let difference, let left, let right):
      return try .json(PictureEvidenceBody(pair.digest, pair.other, difference, left, right))
    case .sameInside: return try .json(SameContentBody(digest: pair.digest, other: pair.other))
    case .bytes(let difference): return try .json(ByteEvidenceBody(pair.digest, pair.other, difference))
    case nil:
      throw Problem.invalidValue(
        "The two are no texts and no pictures, and too small or too large to compare their bytes.")
    }
  }

  private struct Dismissal: Decodable {
    let digest: String
    let other: String?
  }

  @Sendable private func dismiss(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let body = try await request.json(Dismissal.self, context: context)
    let group = try await similar(context.pathId(), request.query(), context)
    let (digest, other) = try pair(of: body.digest, body.other, in: group)
    guard let pair = ContentPair(digest, other) else { throw Problem.internal }
    let decision = try await decisions.dismiss(pair, of: context.owner, by: context.duplicatesAsker)
    return try answer(decision, isDismissed: true)
  }

  /// Two contents of a group; by default the second is the one that it is grouped round.
  private func pair(
    of digest: String?, _ other: String?, in group: SimilarGroup
  ) throws -> (digest: Digest, other: Digest) {
    guard let digest else { throw Problem.invalidRequest("The parameter \"digest\" is missing.") }
    let found = try [digest, other ?? group.members.first?.digest.description ?? ""].map { text in
      guard let digest = Digest(text) else {
        throw Problem.invalidRequest("\"\(text.prefix(80))\" is not sha256:<64 hex digits>.")
      }
      guard group.members.contains(where: { $0.digest == digest }) else {
        throw Problem.invalidValue("The group has no content \(digest).")
      }
      return digest
    }
    guard found[0] != found[1] else {
      throw Problem.invalidValue("Name two contents of the group: this is one, and the other by default, twice.")
    }
    return (found[0], found[1])
  }

  @Sendable private func listDecisions(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let page = try await reads.answer(query, of: context.owner, from: SimilarityProjection()) { source in
      try await SimilarViews(source).decisions(owner: context.owner, limit: list.limit, after: list.after)
    }
    return try .json(ListBody(page, DecisionBody.init))
  }

  @Sendable private func undo(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let decision = try await decisions.undo(context.pathId(), of: context.owner, by: context.duplicatesAsker)
    return try answer(decision, isDismissed: false)
  }

  private func answer(_ decision: DuplicateDecisions.Decision, isDismissed: Bool) throws -> Response {
    var response = try Response.json(DecidedBody(decision, isDismissed: isDismissed))
    response.headers[.onefoldPosition] = decision.position.description
    return response
  }
}

private struct ListWithTotals<Group: Encodable, Totals: Encodable>: Encodable {
  let page: ListBody<Group>
  let totals: Totals

  private enum CodingKeys: CodingKey { case totals }

  func encode(to encoder: any Encoder) throws {
    try page.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(totals, forKey: .totals)
  }
}

extension SignedInContext {
  fileprivate var duplicatesAsker: Asker {
    Asker(account: owner, correlationId: correlationId, key: requestKey?.id("duplicates", ""))
  }
}
