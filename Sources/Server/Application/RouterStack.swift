// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging

/// What every router of this module has around its routes, from the outside in.
enum RouterStack {
  /// - Parameters:
  ///   - requestLogLevel: of the line for each request.
  ///   - behindTLS: whether clients come through TLS.
  ///   - addRoutes: adds all routes; other methods on them are answered with 405 then.
  static func router(
    requestLogLevel: Logger.Level, behindTLS: Bool, addRoutes: (RouteTable) -> Void
  ) -> Router<ServerContext> {
    let router = Router(context: ServerContext.self, options: [.autoGenerateHeadEndpoints])
    router.addMiddleware {
      RequestIDMiddleware()
      TracingMiddleware()
      RequestLogMiddleware(level: requestLogLevel)
      RequestMetricsMiddleware()
      SecurityHeadersMiddleware(behindTLS: behindTLS)
      ProblemMiddleware()
    }
    let table = RouteTable(router)
    addRoutes(table)
    table.answerOtherMethods(catchAll: DashboardController.everything)
    return router
  }
}
