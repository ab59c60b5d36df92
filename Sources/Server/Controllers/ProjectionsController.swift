// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import HTTPTypes
import Hummingbird
import Postgres
import Projections

/// `/admin/projections` and `/admin/parked`: how the read tables follow the log, and what an administrator can do about it.
struct ProjectionsController: Sendable {
  let pool: PostgresPool
  let log: any EventLog
  let rollbackWindow: Duration

  func addRoutes(to routes: some RouterMethods<AdminContext>) {
    routes.get("projections", use: list)
    routes.get("projections/{name}", use: get)
    routes.post("projections/{name}/rebuild", use: rebuild)
    routes.post("projections/{name}/rollback", use: rollBack)
    routes.post("projections/{name}/retry", use: retry)
    routes.get("parked", use: parked)
  }

  @Sendable private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
    let (items, head) = try await projections()
    return try .json(ProjectionsBody(head: head.rawValue, items: items))
  }

  @Sendable private func get(_ request: Request, _ context: AdminContext) async throws -> Response {
    try .json(try await projection(context.projectionName()))
  }

  @Sendable private func rebuild(_ request: Request, _ context: AdminContext) async throws -> Response {
    let status = try await RebuildBoard(pool: pool).request(
      context.projectionName(), by: context.identity.accountId)
    return try .json(RebuildBody(status), status: .accepted)
  }

  @Sendable private func rollBack(_ request: Request, _ context: AdminContext) async throws -> Response {
    let name = try context.projectionName()
    try await Rebuild.rollBack(name, pool: pool, log: log)
    return try .json(try await projection(name))
  }

  @Sendable private func retry(_ request: Request, _ context: AdminContext) async throws -> Response {
    struct Body: Encodable { let outcome: String }
    let name = try context.projectionName()
    switch try await ParkedEvents(pool: pool).retry(name, by: context.identity.accountId) {
    case .resumed: return try .json(Body(outcome: "resumed"), status: .accepted)
    case .rebuilding: return try .json(Body(outcome: "rebuilding"), status: .accepted)
    }
  }

  @Sendable private func parked(_ request: Request, _ context: AdminContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let page = try await ParkedEvents(pool: pool).list(
      of: query["projection"], limit: list.limit, after: list.after)
    return try .json(ListBody(page, ParkedBody.init))
  }

  private func projection(_ name: String) async throws -> ProjectionBody {
    guard let body = try await projections().items.first(where: { $0.name == name }) else { throw Problem.notFound }
    return body
  }

  private func projections() async throws -> (items: [ProjectionBody], head: Position) {
    let board = RebuildBoard(pool: pool)
    let parked = try await ParkedEvents(pool: pool).counts()
    let rebuilds = Dictionary(try await board.all().map { ($0.projection, $0) }) { first, _ in first }
    let previous = Dictionary(try await board.previous().map { ($0.projection, $0) }) { first, _ in first }
    // The head last: then no projection is ahead of it.
    let checkpoints = try await CheckpointViews(pool: pool).all()
    let head = try await log.head()
    let items = checkpoints.map { checkpoint in
      ProjectionBody(
        checkpoint, head: head, parked: parked[checkpoint.name] ?? 0, rebuild: rebuilds[checkpoint.name],
        previous: previous[checkpoint.name].map { PreviousBody($0, window: rollbackWindow) })
    }
    return (items, head)
  }
}

extension AdminContext {
  /// The `{name}` of the path.
  fileprivate func projectionName() throws(Problem) -> String {
    guard let name = parameters.get("name"), ProjectionCatalog.projection(named: name) != nil else { throw .notFound }
    return name
  }
}

private struct ProjectionsBody: Encodable {
  let head: Int64
  let items: [ProjectionBody]
}

private struct ProjectionBody: Encodable {
  let name: String
  let version: Int
  let position: Int64
  let lag: Int64
  let updatedAt: Date
  let parked: Int
  @Nullable var error: String?
  @Nullable var rebuild: RebuildBody?
  @Nullable var previous: PreviousBody?

  init(_ checkpoint: Checkpoint, head: Position, parked: Int, rebuild: RebuildStatus?, previous: PreviousBody?) {
    name = checkpoint.name
    version = checkpoint.version
    position = checkpoint.position.rawValue
    lag = max(0, head.rawValue - checkpoint.position.rawValue)
    updatedAt = checkpoint.updatedAt
    self.parked = parked
    _error = Nullable(wrappedValue: checkpoint.error)
    _rebuild = Nullable(wrappedValue: rebuild.map(RebuildBody.init))
    _previous = Nullable(wrappedValue: previous)
  }
}

private struct PreviousBody: Encodable {
  let version: Int
  let position: Int64
  let replacedAt: Date
  let keptUntil: Date

  init(_ tables: PreviousTables, window: Duration) {
    version = tables.version
    position = tables.position.rawValue
    replacedAt = tables.replacedAt
    keptUntil = tables.replacedAt + window / .seconds(1)
  }
}

private struct ParkedBody: Encodable {
  let projection: String
  let position: Int64
  let eventId: String
  let type: String
  let schemaVersion: Int
  let error: String
  let attempts: Int
  let firstAt: Date
  let lastAt: Date

  init(_ event: ParkedEvent) {
    projection = event.projection
    position = event.position.rawValue
    eventId = event.eventId.text
    type = event.type
    schemaVersion = event.schemaVersion
    error = event.error
    attempts = event.attempts
    firstAt = event.firstAt
    lastAt = event.lastAt
  }
}

/// A rebuild as the API and the WebSocket tell it.
struct RebuildBody: Encodable {
  let state: RebuildStatus.State
  let position: Int64
  let target: Int64
  let eventsPerSecond: Int
  let updatedAt: Date
  @Nullable var secondsLeft: Int?
  @Nullable var finishedAt: Date?
  @Nullable var rows: Int64?
  @Nullable var differing: Int64?
  @Nullable var error: String?

  init(_ status: RebuildStatus) {
    state = status.state
    position = status.position.rawValue
    target = status.target.rawValue
    eventsPerSecond = Int(status.eventsPerSecond)
    updatedAt = status.updatedAt
    _secondsLeft = Nullable(wrappedValue: status.timeLeft.map { Int(($0 / .seconds(1)).rounded(.up)) })
    _finishedAt = Nullable(wrappedValue: status.finishedAt)
    _rows = Nullable(wrappedValue: status.rows)
    _differing = Nullable(wrappedValue: status.differing)
    _error = Nullable(wrappedValue: status.error)
  }
}
