// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What a request carries through middlewares and handlers, whoever sent it.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Set by ``RequestIDMiddleware``, before anything else runs.
  var requestID = RequestID(header: nil)
  /// What the events of this request have in common, which is what their trace is called. Set with it.
  var correlationId = UUID.v7()
  let facts = RequestFacts()
  /// Set by ``AuthenticationMiddleware``, on routes that need it.
  var identity: AccessClaims?

  /// The largest JSON body: 64 KiB. Uploads stream and have a limit of their own.
  static let maxBodyBytes = 64 * 1024
  var maxUploadSize: Int { Self.maxBodyBytes }

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// The context of routes behind ``AuthenticationMiddleware``: here an identity is certain.
struct SignedInContext: ChildRequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  let requestID: RequestID
  let correlationId: UUID
  let identity: AccessClaims
  /// What a write that may come again takes its identifiers from; set by ``IdempotencyMiddleware``.
  var requestKey: RequestKey?
  /// Whose things the request is about.
  var owner: UUID { identity.accountId }

  /// - Throws: ``Problem`` 401 when the route was not put behind the middleware.
  init(context: ServerContext) throws {
    guard let identity = context.identity else { throw Problem.unauthenticated("Sign in first.") }
    coreContext = context.coreContext
    channel = context.channel
    requestID = context.requestID
    correlationId = context.correlationId
    self.identity = identity
  }
}

/// The context of routes for administrators.
struct AdminContext: ChildRequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  let requestID: RequestID
  let correlationId: UUID
  let identity: AccessClaims
  let requestKey: RequestKey?

  /// - Throws: ``Problem`` 403 for every other role.
  init(context: SignedInContext) throws {
    guard context.identity.role == .admin else { throw Problem.forbidden("This is for administrators.") }
    coreContext = context.coreContext
    channel = context.channel
    requestID = context.requestID
    correlationId = context.correlationId
    identity = context.identity
    requestKey = context.requestKey
  }
}

/// A context that knows the connection, so that a body can be asked for.
protocol ConnectionContext: RequestContext {
  var channel: any Channel { get }
}

extension ServerContext: ConnectionContext {}
extension SignedInContext: ConnectionContext {}
extension AdminContext: ConnectionContext {}

/// The rest of a chain of middlewares. Written out as concurrent, because this module's closures otherwise stay on their caller's actor.
typealias NextResponder = @concurrent (Request, ServerContext) async throws -> Response
