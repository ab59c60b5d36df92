// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Hummingbird
import Projections

/// `/jobs`: background work on the account's files.
struct JobsController: Sendable {
  let jobs: JobViews
  let barrier: ReadBarrier

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("jobs", use: list)
    routes.get("jobs/{id}", use: get)
  }

  @Sendable private func list(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let state = try query.choice("state", of: JobItem.State.self)
    try await barrier.wait(query, for: JobsProjection.name)
    let owner = context.owner
    let page = try await jobs.list(owner: owner, state: state, limit: list.limit, after: list.after)
    let counts = try await jobs.counts(owner: owner)
    return try .json(ListWithCounts(page: ListBody(page, JobBody.init), counts: CountsBody(counts)))
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    try await barrier.wait(request.query(), for: JobsProjection.name)
    guard let job = try await jobs.job(id, owner: context.owner) else { throw Problem.notFound }
    return try .json(JobBody(job))
  }

  private struct ListWithCounts: Encodable {
    let page: ListBody<JobBody>
    let counts: CountsBody

    private enum CodingKeys: CodingKey { case counts }

    func encode(to encoder: any Encoder) throws {
      try page.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(counts, forKey: .counts)
    }
  }
}

private struct JobBody: Encodable {
  let id: String
  let kind: JobKind
  let `class`: JobClass
  let state: JobItem.State
  let fileId: String
  let path: String
  let attempts: Int
  let queuedAt: Date
  @Nullable var finishedAt: Date?
  @Nullable var retryAt: Date?
  @Nullable var error: String?

  init(_ job: JobItem) {
    id = job.id.text
    kind = job.kind
    `class` = job.jobClass
    state = job.state
    fileId = job.fileId.text
    path = job.path
    attempts = job.attempts
    queuedAt = job.queuedAt
    _finishedAt = Nullable(wrappedValue: job.finishedAt)
    _retryAt = Nullable(wrappedValue: job.retryAt)
    _error = Nullable(wrappedValue: job.error)
  }
}

private struct CountsBody: Encodable {
  let queued: Int64
  let retrying: Int64
  let succeeded: Int64
  let dead: Int64

  init(_ counts: JobCounts) {
    queued = counts.queued
    retrying = counts.retrying
    succeeded = counts.succeeded
    dead = counts.dead
  }
}
