// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Hummingbird
import Projections

/// `/duplicates`: groups of files with the same content.
struct DuplicatesController: Sendable {
  let reads: AccountReads

  private enum Class: String, CaseIterable { case identical }

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("duplicates", use: list)
    routes.get("duplicates/{id}", use: get)
  }

  @Sendable private func list(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    _ = try query.choice("class", of: Class.self)
    let owner = context.owner
    let (page, totals) = try await reads.answer(query, of: owner, from: DuplicatesProjection()) { source in
      let groups = DuplicateViews(source)
      return (
        try await groups.list(owner: owner, limit: list.limit, after: list.after), try await groups.totals(owner: owner)
      )
    }
    return try .json(ListWithTotals(page: ListBody(page, GroupBody.init), totals: TotalsBody(totals)))
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    let group = try await reads.answer(request.query(), of: context.owner, from: DuplicatesProjection()) { source in
      try await DuplicateViews(source).group(id, owner: context.owner)
    }
    guard let group else { throw Problem.notFound }
    return try .json(GroupBody(group))
  }

  private struct ListWithTotals: Encodable {
    let page: ListBody<GroupBody>
    let totals: TotalsBody

    private enum CodingKeys: CodingKey { case totals }

    func encode(to encoder: any Encoder) throws {
      try page.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(totals, forKey: .totals)
    }
  }
}

private struct GroupBody: Encodable {
  let id: String
  let `class` = "identical"
  let digest: Digest
  let size: Int64
  let copies: Int64
  let reclaimableBytes: Int64
  let matchedAt: Date
  let files: [Member]

  struct Member: Encodable {
    let id: String
    let path: String
    let uploadedAt: Date
  }

  init(_ group: DuplicateGroup) {
    id = group.id.text
    digest = group.digest
    size = group.size
    copies = group.copies
    reclaimableBytes = group.reclaimableBytes
    matchedAt = group.matchedAt
    files = group.files.map { Member(id: $0.id.text, path: $0.path, uploadedAt: $0.uploadedAt) }
  }
}

private struct TotalsBody: Encodable {
  let groups: Int64
  let copies: Int64
  let reclaimableBytes: Int64

  init(_ totals: DuplicateTotals) {
    groups = totals.groups
    copies = totals.copies
    reclaimableBytes = totals.reclaimableBytes
  }
}
