// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import Server
import TestSupport
import Testing

/// `/jobs` and `/batches`. No workers run here: what they would do is appended by the tests.
struct JobsTests {
  @Test func ownersCancelAndRetryTheirOwnJobs() async throws {
    try await ServerUnderTest.run { server async throws in
      let (anna, bert) = (try await server.person("anna"), try await server.person("bert"))
      let file = try await anna.put("a.txt", "hello")
      let job = try #require(try await anna.get("jobs?wait=\(file.position)").items.first?["id"] as? String)
      #expect(try await bert.client.request("POST", "/api/v1/jobs/\(job)/cancel").status == 404)

      let waiting = try await anna.client.request("POST", "/api/v1/jobs/\(job)/retry")
      #expect(waiting.status == 409)
      #expect(waiting.text.contains("job-is-open"))

      let cancelled = try await anna.client.request("POST", "/api/v1/jobs/\(job)/cancel")
      #expect(cancelled.status == 204, "\(cancelled.text)")
      #expect(try await anna.get("jobs/\(job)?wait=\(cancelled.position)").json["state"] as? String == "cancelled")
      let again = try await anna.client.request("POST", "/api/v1/jobs/\(job)/cancel")
      #expect(again.status == 409)
      #expect(again.text.contains("job-has-ended"))

      let retried = try await anna.client.request("POST", "/api/v1/jobs/\(job)/retry")
      #expect(retried.status == 204, "\(retried.text)")
      let shown = try await anna.get("jobs/\(job)?wait=\(retried.position)").json
      #expect(shown["state"] as? String == "queued")
      #expect(shown["ahead"] as? Int == 0)
      let events = try await server.log.read(stream: StreamName(category: "job", id: job), after: 0, limit: 10)
      #expect(events.map(\.type) == [JobCancelled.eventType, JobRequeued.eventType])
      #expect(events.allSatisfy { $0.actor == anna.id && $0.owner == anna.id && $0.correlationId != nil })
      #expect(try await bert.get("jobs/\(job)").status == 404)
    }
  }

  @Test func aCancelSentTwiceUnderItsKeyHappensOnce() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let file = try await anna.put("a.txt", "hello")
      let job = try #require(try await anna.get("jobs?wait=\(file.position)").items.first?["id"] as? String)
      let key = [("Idempotency-Key", "cancel-1")]
      let first = try await anna.client.request("POST", "/api/v1/jobs/\(job)/cancel", headers: key)
      // As if the answer had been lost with the server that kept it.
      _ = try await server.pool.execute("DELETE FROM server.kept_answer")
      let second = try await anna.client.request("POST", "/api/v1/jobs/\(job)/cancel", headers: key)
      #expect(first.status == 204 && second.status == 204, "\(second.text)")
      #expect(first.position == second.position)
      #expect(try await server.log.read(stream: StreamName(category: "job", id: job), after: 0, limit: 10).count == 1)
    }
  }

  @Test func aBatchTellsHowFarItIs() async throws {
    try await ServerUnderTest.run { server async throws in
      let (anna, bert) = (try await server.person("anna"), try await server.person("bert"))
      let batch = UUID.v7()
      var last = try await anna.put("alone.txt", "alone")
      for number in 0..<4 {
        last = try await anna.put("\(number).txt", "number \(number)", headers: [("Onefold-Batch", batch.text)])
      }
      let refused = try await anna.put("x", "x", headers: [("Onefold-Batch", "tuesday")])
      #expect(refused.status == 400)
      let jobs = try await anna.get("jobs?batch=\(batch.text)&wait=\(last.position)").items
      #expect(jobs.count == 4)
      var status = try await anna.get("batches/\(batch.text)").json
      #expect(status["files"] as? Int == 4)
      #expect(status["bytes"] as? Int == 32)
      #expect(status["endedFiles"] as? Int == 0)
      #expect(status["secondsLeft"] is NSNull)

      var end: Int64 = 0
      for job in jobs.prefix(3) { end = try await server.succeed(job, of: anna) }
      status = try await anna.get("batches/\(batch.text)?wait=\(end)").json
      #expect(status["endedFiles"] as? Int == 3)
      #expect(status["endedBytes"] as? Int == 24)
      #expect((status["counts"] as? [String: Any])?["succeeded"] as? Int == 3)
      // Something ended within the last five minutes, so there is a pace.
      #expect(status["secondsLeft"] as? Int != nil)
      #expect(try await anna.get("batches").items.map { $0["id"] as? String } == [batch.text])
      #expect(try await bert.get("batches/\(batch.text)").status == 404)
      #expect(try await bert.get("batches").items.isEmpty)
    }
  }

  @Test func jobsKnowHowManyAreAheadOfThem() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      var last = try await anna.put("0.txt", "content 0")
      for number in 1..<5 { last = try await anna.put("\(number).txt", "content \(number)") }
      let jobs = try await anna.get("jobs?wait=\(last.position)").items
      #expect(jobs.map { $0["ahead"] as? Int } == [4, 3, 2, 1, 0])
      #expect(jobs.allSatisfy { $0["secondsLeft"] is NSNull })
      let page = try await anna.get("jobs?limit=2").json
      let second = try await anna.get("jobs?limit=2&after=\(page["next"] as? String ?? "")").items
      #expect(second.map { $0["ahead"] as? Int } == [2, 1])
    }
  }

  @Test func theOwnerHearsOfADeadLetterAtOnce() async throws {
    try await ServerUnderTest.run { server async throws in
      let (anna, bert) = (try await server.person("anna"), try await server.person("bert"))
      let file = try await anna.put("a.txt", "hello")
      let job = try #require(try await anna.get("jobs?wait=\(file.position)").items.first)
      try await RawConnection.with(port: server.port) { connection async throws in
        let seen = Int64(file.position) ?? 0
        try await connection.authenticate(anna, after: seen)
        try await RawConnection.with(port: server.port) { other async throws in
          try await other.authenticate(bert, after: seen)
          let dead = try await server.bury(job, of: anna)
          let told = try await connection.receiveEvent()
          #expect(told.type == "job.deadLettered")
          #expect(told.position == dead)
          // And can read why.
          let shown = try await anna.get("jobs/\(job["id"] as? String ?? "")").json
          #expect(shown["state"] as? String == "dead")
          #expect(shown["error"] as? String == "The stored content is missing.")
          let failures = shown["failures"] as? [[String: Any]]
          #expect(failures?.map { $0["code"] as? String } == ["blob.notFound"])
          #expect(failures?.first?["worker"] == nil)
          // Of bert's own events, that of his upload is the next he hears of.
          _ = try await bert.put("b.txt", "hello")
          #expect(try await other.receiveEvent().type != "job.deadLettered")
        }
      }
    }
  }
}

extension ServerUnderTest {
  /// What a worker appends at the end.
  func succeed(_ job: [String: Any], of person: Person) async throws -> Int64 {
    let (id, file) = try ids(job)
    let succeeded = JobSucceeded(
      jobId: id, kind: .analyze, fileId: file, digest: GeneratedHistory.digest(1), size: 8, storedBytes: 8)
    return try await append(succeeded, to: id, of: person)
  }

  @discardableResult
  func bury(
    _ job: [String: Any], of person: Person, code: String = "blob.notFound"
  ) async throws -> Int64 {
    let (id, file) = try ids(job)
    let dead = JobDeadLettered(
      jobId: id, kind: .analyze, fileId: file, attempts: 1, reason: "The stored content is missing.",
      fingerprint: "analyze:\(code)", worker: "host-1")
    return try await append(dead, to: id, of: person)
  }

  private func ids(_ job: [String: Any]) throws -> (UUID, UUID) {
    (
      try #require((job["id"] as? String).flatMap(UUID.init)),
      try #require((job["fileId"] as? String).flatMap(UUID.init))
    )
  }

  private func append(_ event: some DomainEvent, to job: UUID, of person: Person) async throws -> Int64 {
    try await log.append(
      to: StreamName(category: "job", id: job), expected: .any, [try NewEvent(event, owner: person.id)]
    ).last.rawValue
  }
}
