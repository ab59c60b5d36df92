// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Projections

/// `/files`, but for uploads: what there is, its bytes, and the trash.
struct FilesController: Sendable {
  let files: FileViews
  let downloads: FileDownload
  let barrier: ReadBarrier

  private enum StateFilter: String, CaseIterable { case live, trashed, all }

  func addRoutes(to routes: some RouterMethods<SignedInContext>) {
    routes.get("files", use: list)
    routes.get("files/{id}", use: get)
    routes.get("files/{id}/content", use: content)
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
    try await barrier.wait(query, for: FilesProjection.name)
    let page = try await files.list(
      owner: context.owner, state: state, prefix: query["prefix"] ?? "", limit: list.limit,
      after: list.after)
    return try .json(ListBody(page, FileBody.init))
  }

  @Sendable private func get(_ request: Request, _ context: SignedInContext) async throws -> Response {
    try .json(FileBody(try await file(request, context)))
  }

  @Sendable private func content(_ request: Request, _ context: SignedInContext) async throws -> Response {
    try await downloads.answer(try await file(request, context), to: request)
  }

  private func file(_ request: Request, _ context: SignedInContext) async throws -> FileItem {
    let id = try context.pathId()
    try await barrier.wait(request.query(), for: FilesProjection.name)
    guard let file = try await files.file(id, owner: context.owner) else { throw Problem.notFound }
    return file
  }
}
