// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import HTTPTypes
import Hummingbird

/// `/auth`: accounts, sign-ins and tokens. The only routes that take passwords.
struct AuthController: Sendable {
  let accounts: AccountDirectory
  let sessions: Sessions
  let throttle: LoginThrottle
  let cookie: RefreshCookie
  let registrationIsOpen: Bool

  func addRoutes(to routes: some RouterMethods<ServerContext>) {
    routes.post("auth/register", use: register)
    routes.post("auth/login", use: login)
    routes.post("auth/refresh", use: refresh)
    routes.post("auth/logout", use: logout)
  }

  private struct Registration: Decodable {
    let email: String
    let password: String
  }

  private struct Login: Decodable {
    let email: String
    let password: String
    let cookie: Bool?
  }

  private struct Refresh: Decodable { let refreshToken: String? }

  @Sendable private func register(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard registrationIsOpen else { throw Problem.registrationClosed }
    try throttle.admit(request, context: context)
    let body = try await request.json(Registration.self, context: context)
    let (account, position) = try await accounts.register(
      email: body.email, password: body.password, key: request.idempotencyKey(), correlationId: context.correlationId)
    return try .json(
      AccountBody(account), status: .created, headers: [.onefoldPosition: position.description])
  }

  @Sendable private func login(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await request.json(Login.self, context: context)
    try throttle.admit(request, email: body.email, context: context)
    let signedIn = try await sessions.signIn(email: body.email, password: body.password)
    return try answer(signedIn, inCookie: body.cookie ?? false)
  }

  @Sendable private func refresh(_ request: Request, _ context: ServerContext) async throws -> Response {
    let (token, isCookie) = try await token(request, context)
    guard let token else {
      throw Problem.unauthenticated("There is no refresh token, neither in the body nor in a cookie.")
    }
    return try answer(
      await sessions.refresh(token, correlationId: context.correlationId), inCookie: isCookie)
  }

  @Sendable private func logout(_ request: Request, _ context: ServerContext) async throws -> Response {
    var headers = cookie.clear()
    if let token = try await token(request, context).token {
      let position = try await sessions.signOut(token, correlationId: context.correlationId)
      headers[.onefoldPosition] = position?.description
    }
    return Response(status: .noContent, headers: headers)
  }

  /// The refresh token of the body, or else that of the cookie.
  private func token(
    _ request: Request, _ context: ServerContext
  ) async throws -> (token: String?, isCookie: Bool) {
    if let token = try await request.optionalJSON(Refresh.self, context: context)?.refreshToken {
      return (token, false)
    }
    return (RefreshCookie.read(request), true)
  }

  private func answer(_ signedIn: SignedIn, inCookie: Bool) throws -> Response {
    struct Tokens: Encodable {
      let accessToken: String
      let tokenType = "Bearer"
      /// Seconds.
      let expiresIn: Int64
      let refreshToken: String?
    }
    let tokens = Tokens(
      accessToken: signedIn.accessToken, expiresIn: signedIn.expiresIn.components.seconds,
      refreshToken: inCookie ? nil : signedIn.refreshToken)
    return try .json(
      tokens, headers: inCookie ? cookie.set(signedIn.refreshToken, lifetime: signedIn.refreshExpiresIn) : [:])
  }
}
