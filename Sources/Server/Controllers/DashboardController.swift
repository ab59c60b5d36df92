// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// The dashboard's files at `/`, below everything else; a plain page while there is none.
struct DashboardController: Sendable {
  let files: StaticFiles?

  /// Catches whatever no other route does.
  static let everything: RouterPath = "**"

  func addRoutes(to routes: some RouterMethods<ServerContext>) {
    routes.get("") { request, _ in try answer(path: "", to: request) }
    routes.get(Self.everything) { request, context in
      try answer(path: context.parameters.getCatchAll().joined(separator: "/"), to: request)
    }
  }

  private func answer(path: String, to request: Request) throws -> Response {
    guard let files else {
      guard path.isEmpty else { throw Problem.notFound }
      return Response(
        status: .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: Self.placeholder)))
    }
    guard let file = files[path] else { throw Problem.notFound }
    let headers: HTTPFields = [
      .eTag: file.tag.description,
      .cacheControl: file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    ]
    if let known = request.headers[.ifNoneMatch], file.tag.matches(ifNoneMatch: known) {
      return Response(status: .notModified, headers: headers)
    }
    return Response(
      status: .ok, headers: headers + [.contentType: file.contentType], body: ResponseBody(byteBuffer: file.body))
  }

  private static let placeholder = """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Onefold</title>
    <h1>Onefold runs</h1>
    <p>The dashboard has not been built. In the source tree, run <code>make dashboard</code> and start Onefold again.</p>
    <p>The API is described at <a href="/api/v1/openapi.yaml">/api/v1/openapi.yaml</a>.</p>
    </html>

    """
}

extension HTTPFields {
  static func + (left: HTTPFields, right: HTTPFields) -> HTTPFields {
    var fields = left
    fields.append(contentsOf: right)
    return fields
  }
}
