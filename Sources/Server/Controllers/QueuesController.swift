// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Projections
import Redis

/// `/admin/queues`, `/admin/jobs` and `/admin/dead`: everybody's jobs, and what an administrator can do about them.
struct QueuesController: Sendable {
  let jobs: JobViews
  let control: JobControl
  let barrier: ReadBarrier
  let redis: RedisClient

  func addRoutes(to routes: some RouterMethods<AdminContext>) {
    routes.get("queues", use: queues)
    routes.post("queues/{scope}/{value}/pause", use: pause)
    routes.post("queues/{scope}/{value}/resume", use: resume)
    routes.put("queues/{scope}/{value}/limits", use: limit)
    routes.get("jobs", use: list)
    routes.get("jobs/{id}", use: get)
    routes.get("dead", use: dead)
    for verb in JobDecider.Command.allCases {
      routes.post("jobs/{id}/\(verb.rawValue)") { request, context in try await perform(verb, request, context) }
    }
    for verb in [JobDecider.Command.requeue, .discard] {
      routes.post("dead/{fingerprint}/\(verb.rawValue)") { request, context in
        try await performOnGroup(verb, request, context)
      }
    }
  }

  // MARK: Queues

  @Sendable private func queues(_ request: Request, _ context: AdminContext) async throws -> Response {
    struct Body: Encodable {
      let items: [QueueBody]
      let controls: [QueueControlBody]
    }
    try await barrier.wait(request.query(), for: JobsProjection.name)
    // What waits is told without Redis.
    let hand = try? await WorkInHand(in: redis)
    return try .json(
      Body(
        items: try await jobs.queues().map { QueueBody($0, inHand: hand) },
        controls: try await jobs.controls().map(QueueControlBody.init)))
  }

  @Sendable private func pause(_ request: Request, _ context: AdminContext) async throws -> Response {
    let body = try await request.optionalJSON(ActionBody.self, context: context)
    return try .done(
      at: await control.pause(context.queueName(), reason: body?.checkedReason(), by: context.jobAsker))
  }

  @Sendable private func resume(_ request: Request, _ context: AdminContext) async throws -> Response {
    try .done(at: await control.resume(context.queueName(), by: context.jobAsker))
  }

  @Sendable private func limit(_ request: Request, _ context: AdminContext) async throws -> Response {
    let queue = try context.queueName()
    let limits = try await request.json(LimitsBody.self, context: context).checked(for: queue)
    return try .done(at: await control.limit(queue, to: limits, by: context.jobAsker))
  }

  // MARK: Jobs

  @Sendable private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let filter = JobFilter(
      owner: try query.id("owner"), state: try query.choice("state", of: JobItem.State.self),
      fingerprint: query["fingerprint"])
    guard filter.fingerprint == nil || filter.state == nil || filter.state == .dead else {
      throw Problem.invalidRequest("The parameter \"fingerprint\" is for dead letters.")
    }
    try await barrier.wait(query, for: JobsProjection.name)
    return try .json(
      ListBody(await jobs.list(filter, limit: list.limit, after: list.after), AdminJobBody.init))
  }

  @Sendable private func get(_ request: Request, _ context: AdminContext) async throws -> Response {
    let id = try context.pathId()
    try await barrier.wait(request.query(), for: JobsProjection.name)
    guard let job = try await jobs.job(id) else { throw Problem.notFound }
    return try .json(AdminJobWithFailures(job, await jobs.attempts(of: id)))
  }

  private func perform(
    _ verb: JobDecider.Command, _ request: Request, _ context: AdminContext
  ) async throws -> Response {
    let command = try await command(verb, request, context)
    return try .done(at: await control.perform(command, on: context.pathId(), by: context.jobAsker))
  }

  // MARK: Dead letters

  @Sendable private func dead(_ request: Request, _ context: AdminContext) async throws -> Response {
    struct Body: Encodable { let items: [DeadGroupBody] }
    try await barrier.wait(request.query(), for: JobsProjection.name)
    let strays = try? await StrayEntries(in: redis)
    let groups = try await jobs.deadGroups().map(DeadGroupBody.init)
    return try .json(Body(items: groups + [strays.flatMap(DeadGroupBody.init)].compactMap { $0 }))
  }

  private func performOnGroup(
    _ verb: JobDecider.Command, _ request: Request, _ context: AdminContext
  ) async throws -> Response {
    struct Body: Encodable {
      let jobs: Int
      @Nullable var next: String?
    }
    let query = try request.query()
    let limit = try query.integer("limit", in: 1...1000).map { Int($0) } ?? 1000
    guard let fingerprint = context.parameters.get("fingerprint")?.removingPercentEncoding else {
      throw Problem.notFound
    }
    let command = try await command(verb, request, context)
    let outcome = try await control.perform(
      command, onDeadLettersOf: fingerprint, after: query["after"], limit: limit, by: context.jobAsker)
    return try .json(
      Body(jobs: outcome.jobs, next: outcome.next),
      headers: outcome.position.map { [.onefoldPosition: $0.description] } ?? [:])
  }

  private func command(
    _ verb: JobDecider.Command, _ request: Request, _ context: AdminContext
  ) async throws -> JobControl.Command {
    let body = try await request.optionalJSON(ActionBody.self, context: context)
    return JobControl.Command(verb, jobClass: body?.class, reason: try body?.checkedReason())
  }
}

/// What may be said of an action.
private struct ActionBody: Decodable {
  /// Only when something is queued.
  let `class`: JobClass?
  let reason: String?

  /// - Throws: ``Problem`` 422.
  func checkedReason() throws(Problem) -> String? {
    guard let reason, !reason.isEmpty else { return nil }
    guard reason.utf8.count <= 500, reason.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
      throw .invalidValue("reason must be one line of at most 500 bytes.")
    }
    return reason
  }
}

private struct LimitsBody: Decodable {
  let concurrency: Int?
  let ratePerSecond: Int?
  let weight: Int?

  /// - Throws: ``Problem`` 422.
  func checked(for queue: QueueName) throws(Problem) -> QueueLimits {
    for (name, value, range) in [
      ("concurrency", concurrency, QueueLimits.concurrencies), ("ratePerSecond", ratePerSecond, QueueLimits.rates),
      ("weight", weight, QueueLimits.weights),
    ] {
      guard value.map(range.contains) ?? true else {
        throw .invalidValue("\(name) must be from \(range.lowerBound) to \(range.upperBound), or null.")
      }
    }
    guard weight == nil || queue.scope == .tenant else { throw .invalidValue("Only a tenant has a weight.") }
    return QueueLimits(concurrency: concurrency, ratePerSecond: ratePerSecond, weight: weight)
  }
}

extension AdminContext {
  fileprivate var jobAsker: Asker {
    Asker(
      account: identity.accountId, correlationId: correlationId, key: requestKey?.id("jobs", ""))
  }

  /// The `{scope}` and `{value}` of the path.
  fileprivate func queueName() throws -> QueueName {
    guard let scope = parameters.get("scope").flatMap(QueueScope.init), let value = parameters.get("value") else {
      throw Problem.notFound
    }
    return try QueueName(scope, value)
  }
}

extension Response {
  fileprivate static func done(at position: Position) -> Response {
    Response(status: .noContent, headers: [.onefoldPosition: position.description])
  }
}
