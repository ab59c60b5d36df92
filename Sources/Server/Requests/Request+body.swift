// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
  /// Tells a client that sent `Expect: 100-continue` to go on; nothing for any other.
  ///
  /// Called once a request has passed all checks that do not need its body, so that a refused upload is never sent.
  func acceptBody(context: some ConnectionContext) {
    guard headers[.expect]?.lowercased() == "100-continue" else { return }
    context.channel.triggerUserOutboundEvent(RequestGuard.BodyAccepted(), promise: nil)
  }

  /// The JSON body. Members that `type` does not have are ignored.
  ///
  /// - Throws: ``Problem``: 413 past 64 KiB, 415 for another type of content, 400 for what is not the JSON it must be.
  func json<T: Decodable>(_ type: T.Type, context: some ConnectionContext) async throws -> T {
    let buffer = try await collect(context: context)
    guard isJSON else { throw Problem.unsupportedMediaType }
    return try JSON.decode(type, from: buffer)
  }

  /// The same, but nil when there is no body at all.
  func optionalJSON<T: Decodable>(_ type: T.Type, context: some ConnectionContext) async throws -> T? {
    let buffer = try await collect(context: context)
    guard buffer.readableBytes > 0 else { return nil }
    guard isJSON else { throw Problem.unsupportedMediaType }
    return try JSON.decode(type, from: buffer)
  }

  /// - Throws: ``Problem`` 413 past 64 KiB.
  func collect(context: some ConnectionContext) async throws -> ByteBuffer {
    let limit = context.maxUploadSize
    if let length = headers[.contentLength].flatMap(Int.init), length > limit {
      throw Problem.contentTooLarge(limit: Int64(limit))
    }
    acceptBody(context: context)
    do {
      return try await body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw Problem.contentTooLarge(limit: Int64(limit))
    }
  }

  /// Asked for because a form of another site cannot send this type without the browser asking first.
  private var isJSON: Bool {
    let type = headers[.contentType]?.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() }
    return type == "application/json"
  }
}
