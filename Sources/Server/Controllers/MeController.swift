// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Foundation
import Hummingbird
import Projections

/// `/me`: the account that is signed in.
struct MeController: Sendable {
  let accounts: QuotaViews
  let barrier: ReadBarrier

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("me") { request, context in
      try await barrier.wait(request.query(), for: QuotaProjection.name)
      guard let account = try await accounts.account(context.owner) else { throw Problem.notFound }
      return try Response.json(AccountBody(account))
    }
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
