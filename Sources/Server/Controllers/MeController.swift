// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Projections

/// `/me`: the account that is signed in.
struct MeController: Sendable {
  let reads: AccountReads
  let sessions: Sessions
  let eraser: Eraser
  let throttle: LoginThrottle
  let cookie: RefreshCookie

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("me") { request, context in
      let account = try await reads.answer(request.query(), of: context.owner, from: QuotaProjection()) { source in
        try await QuotaViews(source).account(context.owner)
      }
      guard let account else { throw Problem.notFound }
      return try Response.json(AccountBody(account))
    }
    routes.delete("me", use: erase)
  }

  private struct Confirmation: Decodable { let password: String }

  /// For good, so a token alone is not enough.
  @Sendable private func erase(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let password = try await request.json(Confirmation.self, context: context).password
    try throttle.admit(request, email: context.owner.text, context: context)
    try await sessions.confirm(context.owner, password: password)
    let erasure = try await eraser.erase(context.owner, actor: context.owner, correlationId: context.correlationId)
    return try ErasureBody.response(erasure, headers: cookie.clear())
  }
}

/// An account as its holder sees it.
struct AccountBody: Encodable {
  let id: String
  let email: String
  let role: Role
  let quotaBytes: Int64
  let usedBytes: Int64
  let createdAt: Date

  init(_ account: AccountItem) {
    id = account.id.text
    email = account.email
    role = account.role
    quotaBytes = account.quotaBytes
    usedBytes = account.usedBytes
    createdAt = account.registeredAt
  }

  /// An account that was just made.
  init(_ account: Account) {
    id = account.id.text
    email = account.email
    role = account.role
    quotaBytes = account.quotaBytes
    usedBytes = 0
    createdAt = account.createdAt
  }
}
