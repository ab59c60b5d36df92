// SPDX-License-Identifier: Apache-2.0

import Accounts
import DedupEngine
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers a write that is sent again under its `Idempotency-Key` as the first time, whichever server it reaches.
///
/// It stands before every route behind sign-in but that of uploads, whose bodies stream, and whose events alone tell a repetition. Should
/// a server die between the effect and the keeping of its answer, the repetition runs anew, under the same ``RequestKey``: what takes its
/// event ids from that has its effect once.
struct IdempotencyMiddleware: RouterMiddleware {
  let answers: KeptAnswers

  private static let writes: Set<HTTPRequest.Method> = [.post, .put, .delete, .patch]

  func handle(
    _ request: Request, context: SignedInContext,
    next: @concurrent (Request, SignedInContext) async throws -> Response
  ) async throws -> Response {
    guard Self.writes.contains(request.method), let key = try request.idempotencyKey() else {
      return try await next(request, context)
    }
    let body = try await request.collect(context: context)
    let write = KeptAnswers.Write(account: context.owner, key: key, request: Self.digest(request, body))
    switch try await answers.claim(write) {
    case .answered(let answer): return answer.response
    case .isUnderWay: throw Problem.writeIsUnderWay
    case .isOfAnotherRequest: throw Problem.idempotencyKeyReused
    case .granted(let attempt):
      var head = request.head
      head.headerFields[.expect] = nil  // The body is here.
      var context = context
      context.requestKey = RequestKey(account: context.owner, text: key)
      return try await keep(write, attempt, context) {
        try await next(Request(head: head, body: RequestBody(buffer: body)), context)
      }
    }
  }

  /// Runs the write, and keeps its answer if that will hold.
  private func keep(
    _ write: KeptAnswers.Write, _ attempt: KeptAnswers.Attempt, _ context: SignedInContext,
    _ run: () async throws -> Response
  ) async throws -> Response {
    let response: Response
    do {
      response = try await run()
    } catch {
      let problem = Problem(error)
      guard problem.isFinal else {
        await answers.release(write, attempt)
        throw error
      }
      response = problem.response(requestID: context.requestID.description)
    }
    guard response.status.code < 500, let answer = try await KeptAnswer(response) else {
      await answers.release(write, attempt)
      return response
    }
    await answers.keep(answer, of: write, attempt)
    return answer.response
  }

  /// Over method, path with query, and body, so that none of them can run into the next.
  private static func digest(_ request: Request, _ body: ByteBuffer) -> [UInt8] {
    var hasher = SHA256Hasher()
    for part in [request.method.rawValue, request.uri.string] {
      hasher.update(Array("\(part.utf8.count):\(part)".utf8).span.bytes)
    }
    hasher.update(body.readableBytesSpan)
    return hasher.finish()
  }
}

extension Request {
  /// - Throws: ``Problem`` 400 for what cannot be a key.
  func idempotencyKey() throws(Problem) -> String? {
    guard let key = headers[.idempotencyKey] else { return nil }
    guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw .invalidRequest("The Idempotency-Key must be 1 to 128 visible ASCII characters.")
    }
    return key
  }
}

extension Problem {
  /// Whether the same request would be refused for the same reason until something else changes: not for want of a right, of time or of luck.
  fileprivate var isFinal: Bool {
    status.code < 500 && ![401, 403, 408, 429].contains(status.code)
      && ![Problem.conflict("").name, Problem.incompleteBody.name].contains(name)
  }
}
