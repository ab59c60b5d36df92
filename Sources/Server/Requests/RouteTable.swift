// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// Adds routes to a router and remembers them, so that a known path answers an unknown method with 405 and not, as Hummingbird does
/// by itself, with 404.
final class RouteTable: RouterMethods {
  typealias Context = ServerContext

  private let router: Router<ServerContext>
  private var methods: [String: (path: RouterPath, methods: Set<HTTPRequest.Method>)] = [:]

  init(_ router: Router<ServerContext>) { self.router = router }

  func on<Responder: HTTPResponder>(
    _ path: RouterPath, method: HTTPRequest.Method, responder: Responder
  ) -> Self where Responder.Context == ServerContext {
    methods[path.description, default: (path, [])].methods.insert(method)
    router.on(path, method: method, responder: responder)
    return self
  }

  func add(middleware: any MiddlewareProtocol<Request, Response, ServerContext>) -> Self {
    router.add(middleware: middleware)
    return self
  }

  /// Call once all routes are added.
  ///
  /// - Parameter everything: the path that catches whatever no other does; there an unknown method is a path that does not exist.
  func answerOtherMethods(catchAll everything: RouterPath) {
    let known: Set<HTTPRequest.Method> = [.get, .head, .put, .post, .delete, .patch, .options]
    for (path, methods) in methods.values {
      // HEAD goes with GET: the router makes it (RouterOptions.autoGenerateHeadEndpoints).
      let allowed = methods.contains(.get) ? methods.union([.head]) : methods
      for method in known.subtracting(allowed) {
        let problem =
          path == everything ? Problem.notFound : Problem.methodNotAllowed(allowed: Array(allowed))
        router.on(path, method: method) { _, _ -> Response in throw problem }
      }
    }
  }
}
