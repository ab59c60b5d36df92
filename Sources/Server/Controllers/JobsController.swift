// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Projections

/// `/jobs` and `/batches`: background work on the account's files.
struct JobsController: Sendable {
  let jobs: JobViews
  let control: JobControl
  let barrier: ReadBarrier

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("jobs", use: list)
    routes.get("jobs/{id}", use: get)
    routes.post("jobs/{id}/cancel") { request, context in try await perform(.cancel, request, context) }
    routes.post("jobs/{id}/retry") { request, context in try await perform(.requeue, request, context) }
    routes.get("batches", use: batches)
    routes.get("batches/{id}", use: batch)
  }

  @Sendable private func list(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let state = try query.choice("state", of: JobItem.State.self)
    let batch = try query.id("batch")
    try await barrier.wait(query, for: JobsProjection.name)
    let owner = context.owner
    let page = try await jobs.list(owner: owner, state: state, batch: batch, limit: list.limit, after: list.after)
    // A batch's part of the line has gaps, so nothing follows from it.
    let ahead = batch == nil ? try await jobs.waiting(page.items) : [:]
    let pace = ahead.isEmpty ? nil : try await jobs.pace(owner: owner)
    let (counts, position) = try await jobs.counts(owner: owner)
    let body = ListBody(page) { JobBody($0, ahead: ahead[$0.id], pace: pace) }
    return try .json(ListWithCounts(page: body, counts: JobCountsBody(counts), position: position.rawValue))
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    try await barrier.wait(request.query(), for: JobsProjection.name)
    guard let job = try await jobs.job(id, owner: context.owner) else { throw Problem.notFound }
    let ahead = try await jobs.waiting([job])[id]
    let pace = ahead == nil ? nil : try await jobs.pace(owner: context.owner)
    let failures = try await jobs.attempts(of: id).map(AttemptBody.init)
    return try .json(JobWithFailures(job: JobBody(job, ahead: ahead, pace: pace), failures: failures))
  }

  private func perform(
    _ verb: JobDecider.Command, _ request: Request, _ context: SignedInContext
  ) async throws -> Response {
    let position = try await control.perform(
      JobControl.Command(verb), on: context.pathId(), of: context.owner, by: context.jobAsker)
    return Response(status: .noContent, headers: [.onefoldPosition: position.description])
  }

  @Sendable private func batches(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    try await barrier.wait(query, for: JobsProjection.name)
    let page = try await jobs.batches(owner: context.owner, limit: list.limit, after: list.after)
    let isUnderWay = page.items.contains { $0.counts.open > 0 }
    let pace = isUnderWay ? try await jobs.pace(owner: context.owner) : nil
    return try .json(ListBody(page) { BatchBody($0, pace: pace) })
  }

  @Sendable private func batch(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    try await barrier.wait(request.query(), for: JobsProjection.name)
    guard let batch = try await jobs.batch(id, owner: context.owner) else { throw Problem.notFound }
    let pace = batch.counts.open > 0 ? try await jobs.pace(owner: context.owner) : nil
    return try .json(BatchBody(batch, pace: pace))
  }

  private struct ListWithCounts: Encodable {
    let page: ListBody<JobBody>
    let counts: JobCountsBody
    let position: Int64

    private enum CodingKeys: CodingKey { case counts, position }

    func encode(to encoder: any Encoder) throws {
      try page.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(counts, forKey: .counts)
      try container.encode(position, forKey: .position)
    }
  }

  private struct JobWithFailures: Encodable {
    let job: JobBody
    let failures: [AttemptBody]

    private enum CodingKeys: CodingKey { case failures }

    func encode(to encoder: any Encoder) throws {
      try job.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(failures, forKey: .failures)
    }
  }
}

extension SignedInContext {
  /// Who asks for something to be done to a job.
  var jobAsker: Asker {
    Asker(account: owner, correlationId: correlationId, key: requestKey?.id("jobs", ""))
  }
}
