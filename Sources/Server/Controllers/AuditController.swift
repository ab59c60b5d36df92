// SPDX-License-Identifier: Apache-2.0

import Accounts
import Audit
import Domain
import EventStore
import HTTPTypes
import Hummingbird
import NIOCore

/// `/admin/audit`: the log, for administrators. Each question is recorded before it is answered.
struct AuditController: Sendable {
  let auditor: Auditor
  let proofs: SealProofs

  private enum ExportFormat: String, CaseIterable {
    case ndjson, csv

    var lines: EventFormat { self == .ndjson ? .ndjson : .csv }
    var contentType: String { self == .ndjson ? "application/x-ndjson" : "text/csv; charset=utf-8; header=present" }
  }

  func addRoutes(to routes: some RouterMethods<AdminContext>) {
    routes.get("audit/events", use: list)
    routes.get("audit/events/{position}", use: get)
    routes.get("audit/export", use: export)
  }

  @Sendable private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
    let query = try request.query()
    let list = try ListParameters(query)
    let page = try await auditor.page(
      AuditFilter(query), order: try query.choice("order", of: AuditQueried.Order.self) ?? .newest, after: list.after,
      limit: list.limit, by: context.asker)
    return .json(bytes: Self.body(page))
  }

  @Sendable private func get(_ request: Request, _ context: AdminContext) async throws -> Response {
    guard let position = context.parameters.get("position").flatMap(Int64.init), position > 0,
      let event = try await auditor.event(at: Position(position), by: context.asker)
    else { throw Problem.notFound }
    // What cannot be proved, not yet or not any more, is shown all the same; the proof's own path says which of the two it is.
    let proof: InclusionProof?
    do { proof = try await proofs.proof(of: event.position) } catch is LogTampered { proof = nil }
    let text = try JSON.encode(Proof(proof: proof))
    return .json(bytes: EventJSON.object(event).dropLast() + [UInt8(ascii: ",")] + text.readableBytesView.dropFirst())
  }

  private struct Proof: Encodable {
    @Nullable var proof: InclusionProof?
  }

  @Sendable private func export(_ request: Request, _ context: AdminContext) async throws -> Response {
    let query = try request.query()
    guard let format = try query.choice("format", of: ExportFormat.self) else {
      throw Problem.invalidRequest("The parameter \"format\" must be one of: ndjson, csv.")
    }
    let order = try query.choice("order", of: AuditQueried.Order.self) ?? .newest
    let headers: HTTPFields = [
      .contentType: format.contentType, .cacheControl: "no-store",
      .contentDisposition: ContentDisposition.attachment(name: "onefold-audit.\(format.rawValue)"),
    ]
    guard request.method != .head else { return Response(status: .ok, headers: headers) }
    let export = try await auditor.export(AuditFilter(query), order: order, format: format.lines, by: context.asker)
    let lines = format.lines
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        if !lines.header.isEmpty { try await writer.write(ByteBuffer(bytes: lines.header)) }
        // The next events are read when the client has taken these. A failure ends the connection without the last line.
        let end = try await export.run { events in
          try await writer.write(ByteBuffer(bytes: events.flatMap(lines.line)))
        }
        try await writer.write(ByteBuffer(bytes: lines.end(given: end.given, through: end.through)))
        try await writer.finish(nil)
      })
  }

  /// Payloads go out as the log has them, so the body is put together by hand.
  private static func body(_ page: AuditPage) -> [UInt8] {
    var bytes = Array(#"{"items":["#.utf8)
    for (index, event) in page.events.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += EventJSON.object(event)
    }
    // A cursor is of letters, digits, dashes and underscores.
    let next = page.next.map { "\"\($0)\"" } ?? "null"
    bytes += #"],"next":\#(next),"through":\#(page.through)}"#.utf8
    return bytes
  }
}

extension AuditFilter {
  fileprivate init(_ query: QueryParameters) {
    self.init()
    actor = query["actor"]
    owner = query["owner"]
    types = query["type"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    category = query["category"]
    stream = query["stream"]
    correlation = query["correlation"]
    from = query["from"]
    to = query["to"]
    text = query["text"]
  }
}

extension AdminContext {
  var asker: Auditor.Asker {
    Auditor.Asker(account: identity.accountId, correlationId: correlationId)
  }
}
