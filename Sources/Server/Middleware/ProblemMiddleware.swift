// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging

/// Turns whatever is thrown into problem JSON. An error that nobody planned for is logged, and answered with the request's id alone.
struct ProblemMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let problem = Problem(error)
      if problem.status.code >= 500 && problem.status.code != 507 {
        context.logger.error("a request failed", metadata: ["error": .string(String(describing: error))])
      }
      return problem.response(requestID: context.requestID.description)
    }
  }
}
