// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Hummingbird
import Projections

/// `/files`, but for uploads: what there is, its bytes, and the trash.
struct FilesController: Sendable {
  let reads: AccountReads
  let history: FileHistory
  let downloads: FileDownload
  let archives: ArchiveDownload
  let previews: FilePreview

  private enum StateFilter: String, CaseIterable { case live, trashed, all }

  /// - Parameter streaming: the same as `routes`, but nothing keeps its answers.
  func addRoutes(to routes: some RouterMethods<SignedInContext>, streaming: some RouterMethods<SignedInContext>) {
    streaming.post("files/archive", use: archive)
    routes.get("files", use: list)
    routes.get("files/{id}", use: get)
    routes.get("files/{id}/content", use: content)
    routes.get("files/{id}/preview", use: preview)
    routes.get("files/{id}/history", use: history)
  }

  @Sendable private func list(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let state: FileItem.State? =
      switch try query.choice("state", of: StateFilter.self) {
      case nil, .live: .live
      case .trashed: .trashed
      case .all: nil
      }
    let page = try await reads.answer(query, of: context.owner, from: FilesProjection()) { source in
      try await FileViews(source).list(
        owner: context.owner, state: state, prefix: query["prefix"] ?? "", limit: list.limit, after: list.after)
    }
    return try .json(ListBody(page, FileBody.init))
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    try .json(FileBody(try await file(request, context)))
  }

  @Sendable private func content(_ request: Request, _ context: SignedInContext) async throws -> Response {
    try await downloads.answer(try await file(request, context), to: request)
  }

  private struct Wanted: Decodable { let ids: [UUID] }

  /// A read, whose list is too long for an address.
  @Sendable private func archive(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let ids = try await request.json(Wanted.self, context: context).ids
    guard (1...ArchiveDownload.fileLimit).contains(ids.count) else {
      throw Problem.invalidRequest("The member \"ids\" must name 1 to \(ArchiveDownload.fileLimit) files.")
    }
    let files = try await reads.answer(request.query(), of: context.owner, from: FilesProjection()) { source in
      try await FileViews(source).files(ids, owner: context.owner)
    }
    let byId = Dictionary(files.map { ($0.id, $0) }) { first, _ in first }
    return archives.answer(ids.compactMap { byId[$0] })
  }

  @Sendable private func preview(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let side = try request.query().integer("side", in: FilePreview.sides) ?? FilePreview.usualSide
    return try await previews.answer(try await file(request, context), side: side, to: request)
  }

  private func file(_ request: Request, _ context: SignedInContext) async throws -> FileItem {
    let id = try context.pathId()
    let file = try await reads.answer(request.query(), of: context.owner, from: FilesProjection()) { source in
      try await FileViews(source).file(id, owner: context.owner)
    }
    guard let file else { throw Problem.notFound }
    return file
  }

  /// Read from the log itself, so there is nothing to wait for.
  @Sendable private func history(_ request: Request, _ context: SignedInContext) async throws -> Response {
    let id = try context.pathId()
    let list = try ListParameters(try request.query())
    let page = try await history.entries(of: id, owner: context.owner, limit: list.limit, after: list.after)
    guard let page else { throw Problem.notFound }
    return try .json(ListBody(try page.map(HistoryBody.init)) { $0 })
  }
}

private struct HistoryBody: Encodable, Sendable {
  let position: Int64
  let at: Date
  let type: String
  let data: JSONValue
  @Nullable var other: Other?

  struct Other: Encodable, Sendable {
    let id: String
    let path: String
  }

  init(_ entry: FileHistory.Entry) throws {
    position = entry.event.position.rawValue
    at = entry.event.recordedAt
    type = entry.event.type
    data = try CanonicalJSON.decode(JSONValue.self, from: entry.event.payload)
    _other = Nullable(wrappedValue: entry.other.map { Other(id: $0.id.text, path: $0.path) })
  }
}
