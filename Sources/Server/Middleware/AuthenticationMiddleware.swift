// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Hummingbird
import Logging

/// Reads the bearer token of a request. Routes behind it are answered with 401 without a good one.
struct AuthenticationMiddleware: RouterMiddleware {
  let tokens: Tokens

  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    guard let header = request.headers[.authorization] else {
      throw Problem.unauthenticated("Send the access token as \"Authorization: Bearer …\".")
    }
    guard let space = header.firstIndex(of: " "), header[..<space].lowercased() == "bearer" else {
      throw Problem.unauthenticated("The Authorization header must be \"Bearer\" and a token.")
    }
    var context = context
    let claims = try await tokens.verify(String(header[header.index(after: space)...]))
    context.identity = claims
    context.facts.user = claims.accountId
    context.logger[metadataKey: "userId"] = .string(claims.accountId.text)
    return try await next(request, context)
  }
}
