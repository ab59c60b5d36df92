// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Domain
import EventStore
import Foundation
import HTTPTypes
import Hummingbird
import Projections

/// Changes of `/files`: uploads, the trash, and removal for good. Every answer carries the position of what was appended.
struct UploadsController: Sendable {
  let ledger: FileLedger
  let receiver: BodyReceiver
  let archives: ArchiveReceiver
  let files: FileViews
  let maxBytes: Int64

  /// - Parameter streaming: the same as `routes`, but nothing before it collects bodies.
  func addRoutes(to routes: some RouterMethods<SignedInContext>, streaming: some RouterMethods<SignedInContext>) {
    streaming.put("files", use: put)
    streaming.post("files", use: postArchive)
    routes.delete("files/{id}", use: delete)
    routes.post("files/{id}/restore", use: restore)
  }

  @Sendable private func put(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let upload = try UploadRequest(request)
    if let length = upload.length, length > maxBytes { throw Problem.contentTooLarge(limit: maxBytes) }
    let room = try await ledger.room(
      owner: context.owner, for: upload.length, idempotencyKey: upload.idempotencyKey)
    request.acceptBody(context: context)
    let blob = try await receiver.receive(
      request.body, length: upload.length, expected: upload.digest, limit: limit(room: room))
    let outcome = try await ledger.upload(
      owner: context.owner, actor: context.owner, path: upload.path, digest: blob.digest, size: blob.size,
      contentType: upload.contentType, jobClass: upload.jobClass, batchId: upload.batchId,
      idempotencyKey: upload.idempotencyKey, correlationId: context.correlationId)
    switch outcome {
    case .created(let file, let position):
      return try answer(.created, FileBody(file, settled: false), position)
    case .unchanged(let file):
      let settled = try await files.file(file.id, owner: context.owner)?.settled ?? false
      return try answer(.ok, FileBody(file, settled: settled), file.position)
    }
  }

  @Sendable private func postArchive(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let archive = try ArchiveRequest(request)
    request.acceptBody(context: context)
    let body = try await archives.receive(
      request.body, archive, owner: context.owner, correlationId: context.correlationId)
    return try .json(body, headers: [.onefoldPosition: String(body.position)])
  }

  @Sendable private func delete(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    guard try request.query().flag("permanent") else {
      return try await changed(
        ledger.trash(
          id, owner: context.owner, actor: context.owner, key: context.requestKey,
          correlationId: context.correlationId), context)
    }
    let change = try await ledger.remove(
      id, owner: context.owner, actor: context.owner, key: context.requestKey, correlationId: context.correlationId)
    return Response(status: .noContent, headers: [.onefoldPosition: change.position.description])
  }

  @Sendable private func restore(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    return try await changed(
      ledger.restore(
        id, owner: context.owner, actor: context.owner, key: context.requestKey,
        correlationId: context.correlationId), context)
  }

  /// Whichever is less: what any body may bring, or what the account has room for.
  private func limit(room: Int64) -> BodyReceiver.Limit {
    room < maxBytes
      ? .init(bytes: room, problem: .quotaExceeded("The account has room for \(room) bytes."))
      : .init(bytes: maxBytes, problem: .contentTooLarge(limit: maxBytes))
  }

  private func changed(_ change: FileChange, _ context: SignedInContext) async throws -> Response {
    let settled = try await files.file(change.file.id, owner: context.owner)?.settled ?? false
    return try answer(.ok, FileBody(change.file, settled: settled), change.position)
  }

  private func answer(_ status: HTTPResponse.Status, _ file: FileBody, _ position: Position) throws -> Response {
    try .json(
      file, status: status,
      headers: [.location: "/api/v1/files/\(file.id)", .onefoldPosition: position.description])
  }
}
