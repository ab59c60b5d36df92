// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging

/// Names the request, in its answer and in each line that is logged about it. The outermost middleware.
struct RequestIDMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    var context = context
    context.requestID = RequestID(header: request.headers[.requestID])
    // Hummingbird's own counter would be a second name for the same request.
    context.logger[metadataKey: "hb.request.id"] = nil
    context.logger[metadataKey: "request_id"] = .string(context.requestID.description)
    var response = try await next(request, context)
    response.headers[.requestID] = context.requestID.description
    return response
  }
}
