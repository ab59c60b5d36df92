// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging
import Telemetry
import Tracing

/// Names the request, in its answer and in each line that is logged about it, and says to which trace it belongs: that of the caller
/// (`traceparent`), or one that begins here and is called like the request. The outermost middleware.
struct RequestIDMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    var context = context
    let header = request.headers[.requestID]
    let caller = request.headers[.traceparent].flatMap(TraceContext.init(traceparent:))
    let trace = caller ?? TraceContext(traceID: RequestID(header: header).uuid ?? context.correlationId)
    context.requestID = RequestID(header: header, trace: trace.traceID)
    context.correlationId = trace.traceID
    // Hummingbird's own counter would be a second name for the same request.
    context.logger[metadataKey: "hb.request.id"] = nil
    context.logger[metadataKey: "requestId"] = .string(context.requestID.description)
    var response = try await InstrumentationContext.withValue(.within(trace)) { [context] in
      try await next(request, context)
    }
    response.headers[.requestID] = context.requestID.description
    return response
  }
}
