// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Domain
import EventStore
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import Postgres
import Redis
import Testing

@testable import Server

struct ProblemTests {
  private struct Unplanned: Error, CustomStringConvertible { let description = "secret: /var/lib/onefold" }

  @Test func rendersTheMembersOfRFC9457() throws {
    let problem = Problem.invalidPath("The path is empty.")
    let response = problem.response(requestID: "abc")
    #expect(response.status == .unprocessableContent)
    #expect(response.headers[.contentType] == "application/problem+json")
    #expect(response.headers[.cacheControl] == "no-store")
    #expect(
      String(buffer: try JSON.encode(problem.body(requestID: "abc"))).sortedMembers
        == """
        {"detail":"The path is empty.","instance":"urn:onefold:request:abc","status":422,\
        "title":"The path is not allowed","type":"urn:onefold:problem:invalid-path"}
        """)
  }

  @Test func anUnplannedErrorTellsNothingButTheRequest() {
    let body = Problem(Unplanned()).body(requestID: "abc")
    #expect(body.status == 500)
    #expect(body.instance == "urn:onefold:request:abc")
    #expect(![body.title, body.detail ?? ""].contains { $0.contains("secret") })
  }

  @Test func everyKnownErrorHasItsAnswer() throws {
    let digest = Digest(bytes: [UInt8](repeating: 1, count: 32))
    let other = Digest(bytes: [UInt8](repeating: 2, count: 32))
    let invalidPath = #expect(throws: FilePath.Invalid.self) { try FilePath("../x") }
    let answers: [(any Error, Int, String)] = [
      (try #require(invalidPath), 422, "invalid-path"),
      (BlobStoreError.mismatch(expected: digest, actual: other), 422, "digest-mismatch"),
      (BlobStoreError.full, 507, "storage-full"),
      (BlobStoreError.notFound(digest), 500, "internal"),
      (PasswordError.tooLong(maximumBytes: 72), 422, "invalid-value"),
      (PasswordError.busy, 503, "unavailable"),
      (TokenError.expired, 401, "unauthenticated"),
      (EventLogError.eventIdReused(UUID()), 422, "idempotency-key-reused"),
      (PostgresError(.commitUnknown, "gone"), 503, "unavailable"),
      (PostgresError(.misuse, "a mistake"), 500, "internal"),
      (RedisError(.connection, "gone"), 503, "unavailable"),
      (BodyTooSlow(), 408, "too-slow"),
      (HTTPParserError.invalidEOFState, 400, "incomplete-body"),
      (HTTPParserError.invalidChunkSize, 400, "invalid-request"),
      (ChannelError.inputClosed, 400, "incomplete-body"),
      (CancellationError(), 503, "unavailable"),
    ]
    for (error, status, name) in answers {
      let problem = Problem(error)
      #expect(problem.status.code == status, "\(error)")
      #expect(problem.name == name, "\(error)")
    }
  }

  @Test func asksForATokenByWWWAuthenticate() {
    #expect(Problem.unauthenticated("").headers[.wwwAuthenticate] == "Bearer")
    #expect(Problem(TokenError.invalid).headers[.wwwAuthenticate] == "Bearer error=\"invalid_token\"")
  }
}

extension String {
  /// The same JSON object with its members in order.
  fileprivate var sortedMembers: String {
    let object = try? JSONSerialization.jsonObject(with: Data(utf8))
    let data = object.flatMap {
      try? JSONSerialization.data(withJSONObject: $0, options: [.sortedKeys, .withoutEscapingSlashes])
    }
    return data.map { String(decoding: $0, as: UTF8.self) } ?? self
  }
}
