// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres
import Server
import TestSupport
import Testing

/// A write that is sent again under its `Idempotency-Key` happens once and is answered as the first time.
struct IdempotencyTests {
  private static func key(_ text: String) -> (String, String) { ("Idempotency-Key", text) }

  private func expectSame(
    _ first: RawResponse, _ again: RawResponse, _ what: Comment = "", sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(first.status == again.status, what, sourceLocation: sourceLocation)
    #expect(first.body == again.body, what, sourceLocation: sourceLocation)
    for name in ["content-type", "location", "onefold-position", "cache-control"] {
      #expect(first.headers[name] == again.headers[name], what, sourceLocation: sourceLocation)
    }
  }

  private func events(_ server: ServerUnderTest, _ type: String) async throws -> Int {
    try await server.log.read(after: .start, limit: 10_000, filter: .types([type])).count
  }

  @Test func everyKindOfWriteHappensOnceAndIsAnsweredAsTheFirstTime() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let admin = try await server.administrator()
      let file = "/api/v1/files/\(try await anna.put("a.txt", "hello").id)"
      let writes: [(Person, String, String, String?, status: Int, event: String)] = [
        (anna, "DELETE", file, nil, 200, "file.trashed"),
        (anna, "POST", "\(file)/restore", nil, 200, "file.restored"),
        (anna, "DELETE", "\(file)?permanent=true", nil, 204, "file.removed"),
        (admin, "PUT", "/api/v1/admin/users/\(anna.id)/quota", #"{"quotaBytes":5}"#, 204, "account.quotaSet"),
      ]
      for (number, write) in writes.enumerated() {
        let (person, method, target, json, status, event) = write
        let headers = [Self.key("write-\(number)")] + (json == nil ? [] : [("Content-Type", "application/json")])
        let send = {
          try await person.client.request(method, target, headers: headers, body: json.map { Array($0.utf8) })
        }
        let first = try await send()
        #expect(first.status == status, "\(first.text)")
        expectSame(first, try await send(), "\(method) \(target)")
        #expect(try await events(server, event) == 1)
        // As if the server had died between the effect and the answer.
        try await forgetAnswers(server.pool)
        let third = try await send()
        #expect(third.status == first.status && third.position == first.position, "\(method) \(target): \(third.text)")
        #expect(try await events(server, event) == 1)
      }
    }
  }

  @Test func aRefusalIsRepeatedToo() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let target = "/api/v1/files/\(UUID())"
      let first = try await anna.client.request("DELETE", target, headers: [Self.key("k")])
      #expect(first.status == 404)
      expectSame(first, try await anna.client.request("DELETE", target, headers: [Self.key("k")]))
    }
  }

  @Test func theKeyIsBoundToTheRequestAndToTheAccount() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      let (one, two) = (try await anna.put("1.txt", "1").id, try await anna.put("2.txt", "2").id)
      let headers = [Self.key("k")]
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(one)", headers: headers).status == 200)
      for other in ["/api/v1/files/\(two)", "/api/v1/files/\(one)?permanent=true"] {
        let refused = try await anna.client.request("DELETE", other, headers: headers)
        #expect(refused.status == 422)
        #expect(refused.problem == "idempotency-key-reused")
      }
      // Another account's key of the same name is another key, and tells nothing.
      #expect(try await ben.client.request("DELETE", "/api/v1/files/\(one)", headers: headers).status == 404)
      let bad = try await anna.client.request("DELETE", "/api/v1/files/\(two)", headers: [Self.key("ä")])
      #expect(bad.status == 400)
    }
  }

  @Test func ofManyAtOnceOneIsCarriedOutAndTheOthersWaitForItsAnswer() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let admin = try await server.administrator()
      let rounds = 10, clients = 8
      for round in 0..<rounds {
        let answers = try await withThrowingTaskGroup(of: RawResponse.self) { group in
          for _ in 0..<clients {
            group.addTask {
              while true {
                let answer = try await admin.client.request(
                  "PUT", "/api/v1/admin/users/\(anna.id)/quota", headers: [Self.key("round-\(round)")],
                  json: #"{"quotaBytes":\#(1000 + round)}"#)
                guard answer.status == 409 else { return answer }
                #expect(answer.problem == "write-is-under-way" && answer.headers["retry-after"] == "1")
              }
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 204 })
        #expect(Set(answers.map(\.position)).count == 1)
      }
      #expect(try await events(server, "account.quotaSet") == rounds)
      print("same key at once: \(rounds) rounds, \(clients) clients, effects \(rounds), answers of each round equal")
    }
  }

  @Test func aClaimWithoutAnAnswerIsUnderWayUntilItsServerIsGivenUp() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let target = "/api/v1/files/\(try await anna.put("a.txt", "hello").id)"
      #expect(try await anna.client.request("DELETE", target, headers: [Self.key("k")]).status == 200)
      try await forgetAnswers(server.pool, age: "1 second")
      let early = try await anna.client.request("DELETE", target, headers: [Self.key("k")])
      #expect(early.status == 409 && early.problem == "write-is-under-way")
      try await forgetAnswers(server.pool)
      #expect(try await anna.client.request("DELETE", target, headers: [Self.key("k")]).status == 200)
    }
  }

  @Test func answersAreKeptForTheirTimeAndThenSweptAway() async throws {
    try await ServerUnderTest.run(configure: { $0.answerRetention = .seconds(3600) }) { server async throws in
      let anna = try await server.person("anna")
      let (one, two) = (try await anna.put("1.txt", "1").id, try await anna.put("2.txt", "2").id)
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(one)", headers: [Self.key("k")]).status == 200)
      let answers = KeptAnswers(pool: server.pool, retention: .seconds(3600))
      #expect(try await answers.sweep() == 0)
      try await server.pool.execute("UPDATE server.kept_answer SET claimed_at = now() - interval '2 hours'")
      #expect(
        try await anna.client.request("DELETE", "/api/v1/files/\(two)", headers: [Self.key("k")]).status == 200,
        "the key is free again")
      try await server.pool.execute("UPDATE server.kept_answer SET claimed_at = now() - interval '2 hours'")
      #expect(try await answers.sweep() == 1)
    }
  }

  @Test func aRegistrationSentAgainIsAnsweredToWhoeverKnowsItsPassword() async throws {
    try await ServerUnderTest.run { server async throws in
      func register(_ password: String, _ key: String) async throws -> RawResponse {
        try await server.anonymous.request(
          "POST", "/api/v1/auth/register", headers: [Self.key(key)],
          json: #"{"email":"anna@example.org","password":"\#(password)"}"#)
      }
      let first = try await register("correct horse", "k")
      #expect(first.status == 201)
      expectSame(first, try await register("correct horse", "k"))
      #expect(try await register("another horse", "k").status == 409)
      #expect(try await register("correct horse", "other").status == 409)
      #expect(try await events(server, "account.registered") == 1)
    }
  }

  /// Each request is sent twice; of a third of them the first answer never arrives, because its connection is cut.
  @Test func everyRequestSentTwiceHasItsEffectOnce() async throws {
    let random = SeededGenerator.printed()
    let start = ContinuousClock.now
    try await ServerUnderTest.run { server async throws in
      var random = random
      let anna = try await server.person("anna")
      let files = 40
      var requests = 0, lost = 0
      for number in 0..<files {
        let upload = ("PUT", "/api/v1/files?path=\(number).txt", Array("text \(number)".utf8) as [UInt8]?)
        let id = try await twice(server, anna, upload, "upload \(number)", &random, &requests, &lost).id
        let changes = [
          ("DELETE", "/api/v1/files/\(id)"), ("POST", "/api/v1/files/\(id)/restore"),
          ("DELETE", "/api/v1/files/\(id)?permanent=true"),
        ]
        for (method, target) in changes.prefix(Int.random(in: 0...3, using: &random)) {
          _ = try await twice(
            server, anna, (method, target, nil), "\(method) \(number) \(target.count)", &random, &requests, &lost)
        }
      }
      #expect(try await events(server, "file.uploaded") == files)
      let audit = try OwnerAudit(of: anna.id, try await server.log.read(after: .start, limit: 100_000))
      #expect(audit.violations == [])
      let changed =
        try await events(server, "file.trashed") + events(server, "file.restored") + events(server, "file.removed")
      #expect(files + changed == requests)
      print(
        "sent twice: requests \(requests), first answers lost \(lost), effects doubled 0, second answers equal, "
          + "\(start.duration(to: .now))")
    }
  }

  private func twice(
    _ server: ServerUnderTest, _ person: Person, _ request: (method: String, target: String, body: [UInt8]?),
    _ key: String, _ random: inout SeededGenerator, _ requests: inout Int, _ lost: inout Int
  ) async throws -> RawResponse {
    requests += 1
    let headers = [Self.key(key.replacing(" ", with: "-"))]
    let before = try await server.log.head()
    if Int.random(in: 0..<3, using: &random) == 0 {
      lost += 1
      try await RawConnection.with(port: server.port) { connection in
        try await connection.request(
          request.method, request.target, headers: headers + person.client.authorization, body: request.body)
        await server.log.wait(past: before, timeout: .seconds(10))
      }
      while true {
        let answer = try await person.client.request(
          request.method, request.target, headers: headers, body: request.body)
        if answer.status != 409 { return answer }
      }
    }
    let first = try await person.client.request(request.method, request.target, headers: headers, body: request.body)
    #expect((200...204).contains(first.status), "\(request.method) \(request.target): \(first.text)")
    expectSame(
      first, try await person.client.request(request.method, request.target, headers: headers, body: request.body))
    return first
  }

  /// Takes every answer away, as if its server had died right before it was kept.
  private func forgetAnswers(_ pool: PostgresPool, age: String = "1 minute") async throws {
    try await pool.execute(
      """
      UPDATE server.kept_answer
      SET status = NULL, headers = NULL, body = NULL, claimed_at = now() - \(age)::interval
      """)
  }
}
