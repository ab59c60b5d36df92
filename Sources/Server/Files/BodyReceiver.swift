// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import Hummingbird
import NIOCore
import Tracing

/// Streams a request's body into the blob store, never holding more than what is on its way.
struct BodyReceiver: Sendable {
  let blobs: any BlobStore

  /// What a body may bring, and what to say when it brings more.
  struct Limit {
    let bytes: Int64
    let problem: Problem
  }

  /// Returns once the bytes are durable under their digest. When it throws, nothing remains of them.
  ///
  /// - Parameters:
  ///   - length: what the head stated; a body of another length is cut or wrong.
  ///   - expected: what the bytes must hash to; nil when nothing was stated.
  func receive(
    _ body: RequestBody, length: Int64?, expected: Digest?, limit: Limit
  ) async throws -> PublishedBlob {
    let staged = try await blobs.stage()
    do {
      try await withSpan("receive body") { span in
        var received: Int64 = 0
        for try await buffer in body {
          received += Int64(buffer.readableBytes)
          guard received <= limit.bytes else { throw limit.problem }
          try await staged.write(buffer)
        }
        guard length == nil || length == received else { throw Problem.incompleteBody }
        span.attributes["onefold.bytes"] = received
      }
      return try await withSpan("publish content") { _ in try await staged.finish(expecting: expected) }
    } catch {
      await staged.discard()
      throw error
    }
  }
}
