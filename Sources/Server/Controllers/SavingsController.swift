// SPDX-License-Identifier: Apache-2.0

import EventStore
import Hummingbird
import Projections

/// `/savings`: what the account's files take and what is saved.
struct SavingsController: Sendable {
  let reads: AccountReads

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("savings") { request, context in
      let savings = try await reads.answer(request.query(), of: context.owner, from: SavingsProjection()) { source in
        try await SavingsViews(source).savings(owner: context.owner)
      }
      return try Response.json(SavingsBody(savings))
    }
  }
}

struct SavingsBody: Encodable {
  let files: Int64
  let logicalBytes: Int64
  let uniqueBytes: Int64
  let storedBytes: Int64
  let savedByDuplicates: Int64
  let savedByCompression: Int64
  let position: Int64

  init(_ savings: Savings) {
    files = savings.files
    logicalBytes = savings.logicalBytes
    uniqueBytes = savings.uniqueBytes
    storedBytes = savings.storedBytes
    savedByDuplicates = savings.savedByDuplicates
    savedByCompression = savings.savedByCompression
    position = savings.position.rawValue
  }
}
