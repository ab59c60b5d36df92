// SPDX-License-Identifier: Apache-2.0

import Audit
import EventStore
import Foundation
import HTTPTypes
import Hummingbird
import Postgres

/// `/admin/seals` and the inclusion proof of an event: what an auditor takes along to check elsewhere.
struct SealsController: Sendable {
  let pool: PostgresPool
  let proofs: SealProofs
  let auditor: Auditor

  func addRoutes(to routes: some RouterMethods<AdminContext>) {
    routes.get("seals", use: list)
    routes.get("seals/public-key", use: publicKey)
    routes.get("seals/{number}", use: get)
    routes.get("audit/events/{position}/proof", use: proof)
  }

  /// The newest first; the cursor is the number of the last one given.
  @Sendable private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
    let list = try ListParameters(request.query())
    let before = try list.after.map { text throws(Problem) in
      guard let number = Int64(text) else {
        throw Problem.invalidRequest("\"after\" is no cursor of this list: send the value of \"next\" as it was given.")
      }
      return number
    }
    let found = try await SealTable.seals(before: before, limit: list.limit + 1, in: pool)
    let items = Array(found.prefix(list.limit))
    return try .json(SealsBody(items: items, next: found.count > items.count ? items.last.map { "\($0.number)" } : nil))
  }

  @Sendable private func get(_ request: Request, _ context: AdminContext) async throws -> Response {
    guard let number = context.pathNumber("number"), let seal = try await SealTable.seal(number, in: pool) else {
      throw Problem.notFound
    }
    return try .json(seal)
  }

  @Sendable private func publicKey(_ request: Request, _ context: AdminContext) async throws -> Response {
    guard let last = try await SealTable.last(in: pool) else { throw Problem.notFound }
    return try .json(KeyBody(key: last.key.description, nextKey: last.nextKey.description, seal: last.number))
  }

  @Sendable private func proof(_ request: Request, _ context: AdminContext) async throws -> Response {
    // A proof shows the event, so it is asked for as an event is: on the record.
    guard let position = context.pathNumber("position"), position > 0,
      try await auditor.event(at: Position(position), by: context.asker) != nil,
      let proof = try await proofs.proof(of: Position(position))
    else { throw Problem.notFound }
    return try .json(proof)
  }
}

private struct SealsBody: Encodable {
  let items: [Seal]
  @Nullable var next: String?
}

private struct KeyBody: Encodable {
  let key: String
  let nextKey: String
  let seal: Int64
}

extension RequestContext {
  /// A whole number in the path; nil when it is none.
  fileprivate func pathNumber(_ name: String) -> Int64? { parameters.get(name).flatMap { Int64($0) } }
}
