// SPDX-License-Identifier: Apache-2.0

import Domain
import Hummingbird
import Tracing

/// A span for each request, with names as OpenTelemetry has them: https://opentelemetry.io/docs/specs/semconv/http/http-spans/.
///
/// It ends when the answer is ready, as ``RequestMetricsMiddleware`` has it. Hummingbird's own middleware records path and query, which
/// hold names of users' files.
struct TracingMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    guard !request.isProbe else { return try await next(request, context) }
    return try await withSpan(request.method.rawValue, ofKind: .server) { span in
      guard span.isRecording else { return try await next(request, context) }
      span.updateAttributes {
        $0["http.request.method"] = request.method.rawValue
        $0["http.request.body.size"] = request.headers[.contentLength].flatMap { Int($0) }
        $0["onefold.request.id"] = context.requestID.description
      }
      let response = try await next(request, context)
      if let route = context.endpointPath {
        span.operationName = "\(request.method.rawValue) \(route)"
        span.attributes["http.route"] = route
      }
      if let user = context.facts.user { span.attributes["user.id"] = user.text }
      span.attributes["http.response.status_code"] = Int(response.status.code)
      if response.status.code >= 500 { span.setStatus(SpanStatus(code: .error)) }
      return response
    }
  }
}
