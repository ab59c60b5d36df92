// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import EventStore
import Foundation
import HTTPTypes
import Hummingbird
import Projections

/// `/admin`: all accounts and the installation as a whole, for administrators.
struct AdminController: Sendable {
  let accounts: QuotaViews
  let directory: AccountDirectory
  let eraser: Eraser
  let savings: SavingsViews
  let store: StoreTotals
  let health: StoreHealth
  let contents: ContentViews
  let barrier: ReadBarrier

  func addRoutes(to routes: some RouterMethods<AdminContext>) {
    routes.get("users", use: users)
    routes.put("users/{id}/quota", use: setQuota)
    routes.delete("users/{id}", use: erase)
    routes.get("store") { _, _ in try Response.json(try await StoreHealthBody.read(health, contents)) }
    routes.get("savings") { request, _ in
      try await barrier.wait(request.query(), for: SavingsProjection.name)
      return try Response.json(InstallationSavingsBody(try await savings.installation(), try await store.current()))
    }
  }

  @Sendable private func users(_ request: Request, _ context: AdminContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    try await barrier.wait(query, for: QuotaProjection.name)
    let page = try await accounts.accounts(limit: list.limit, after: list.after)
    return try .json(ListBody(page, UserBody.init))
  }

  @Sendable private func setQuota(_ request: Request, _ context: AdminContext) async throws -> Response {
    struct Body: Decodable { let quotaBytes: Int64 }
    let id = try context.pathId()
    let quota = try await request.json(Body.self, context: context).quotaBytes
    // The greatest number that every JSON reader holds exactly.
    guard (0...(1 << 53) - 1).contains(quota) else {
      throw Problem.invalidValue("quotaBytes must be from 0 to 9007199254740991.")
    }
    let position = try await directory.setQuota(
      quota, of: id, actor: context.identity.accountId, key: context.requestKey,
      correlationId: context.correlationId)
    return Response(status: .noContent, headers: [.onefoldPosition: position.description])
  }

  @Sendable private func erase(_ request: Request, _ context: AdminContext) async throws -> Response {
    let id = try context.pathId()
    return try ErasureBody.response(await eraser.erase(id, actor: context.identity.accountId))
  }
}

private struct UserBody: Encodable {
  let account: AccountBody
  let disabled: Bool

  private enum CodingKeys: CodingKey { case disabled }

  init(_ account: AccountItem) {
    self.account = AccountBody(account)
    disabled = account.disabled
  }

  func encode(to encoder: any Encoder) throws {
    try account.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(disabled, forKey: .disabled)
  }
}
