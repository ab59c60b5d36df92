// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import TestSupport
import Testing

/// What administrators ask the log over HTTP.
struct AuditTests {
  @Test func answersByEveryFilterNewestFirst() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      let request = UUID().uuidString.lowercased()
      let file = try await anna.put("Holiday.txt", "hello", headers: [("X-Request-Id", request)])
      _ = try await ben.put("other.txt", "hello")
      let admin = try await server.administrator()
      func types(_ query: String) async throws -> [String] {
        let answer = try await admin.get("admin/audit/events?\(query)")
        #expect(answer.status == 200, "\(answer.text)")
        return answer.items.compactMap { $0["type"] as? String }
      }
      let annas = ["file.uploaded", "account.quotaCharged", "account.registered"]
      #expect(try await types("owner=\(anna.id)") == annas)
      #expect(try await types("owner=ANNA@example.org&order=oldest") == annas.reversed())
      #expect(try await types("actor=\(anna.id)") == annas)
      #expect(try await types("stream=file-\(file.id)") == ["file.uploaded"])
      #expect(try await types("correlation=\(request)") == ["file.uploaded", "account.quotaCharged"])
      #expect(try await types("type=file.uploaded,account.quotaCharged&owner=\(anna.id)") == Array(annas.prefix(2)))
      #expect(try await types("category=file") == ["file.uploaded", "file.uploaded"])
      #expect(try await types("text=holiday.TXT") == ["file.uploaded"])
      #expect(try await types("text=holiday.txt&owner=\(ben.id)") == [])
      #expect(try await types("from=2&to=3&order=oldest").count == 2)
      #expect(try await types("to=2000-01-01T00:00:00Z") == [])
      #expect(try await types("from=2000-01-01T00:00:00%2B01:00&owner=\(ben.id)").count == 3)
    }
  }

  @Test func partsMakeTheWhole() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      for number in 0..<7 { _ = try await anna.put("\(number).txt", "\(number)") }
      let admin = try await server.administrator()
      var found: [Int] = []
      var next = ""
      repeat {
        let page = try await admin.get("admin/audit/events?owner=\(anna.id)&limit=4\(next)")
        #expect(page.items.count <= 4)
        #expect(page.json["through"] is Int)
        found += page.items.compactMap { $0["position"] as? Int }
        next = (page.json["next"] as? String).map { "&after=\($0)" } ?? ""
      } while !next.isEmpty
      #expect(found.count == 15)
      #expect(found == found.sorted(by: >))
    }
  }

  @Test func anEventHasItsEnvelopeAndItsPayload() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let file = try await anna.put("a.txt", "hello")
      let admin = try await server.administrator()
      let event = try await admin.get("admin/audit/events/\(file.position)")
      #expect(event.status == 200)
      #expect(
        Set(event.json.keys) == [
          "position", "stream", "version", "id", "type", "schemaVersion", "owner", "actor", "correlationId",
          "causationId", "recordedAt", "payload", "proof",
        ])
      #expect(event.json["stream"] as? String == "file-\(file.id)")
      #expect((event.json["payload"] as? [String: Any])?["path"] as? String == "a.txt")
      for position in ["0", "99999", "x"] {
        let missing = try await admin.get("admin/audit/events/\(position)")
        #expect(missing.status == 404)
      }
    }
  }

  @Test func everyQuestionIsRecordedBeforeItIsAnswered() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let me = try #require(try await admin.get("me?wait=\(server.log.head())").json["id"] as? String)
      let request = UUID().uuidString.lowercased()
      _ = try await admin.get(
        "admin/audit/events?category=account&text=secret%20name&limit=10", headers: [("X-Request-Id", request)])
      _ = try await admin.get("admin/audit/events/1")
      let events = try await server.log.read(stream: StreamName(category: "system", id: "audit"), after: 0, limit: 10)
      #expect(events.map(\.type) == ["system.auditQueried", "system.auditQueried"])
      #expect(events.allSatisfy { $0.actor?.uuidString.lowercased() == me && $0.owner == nil })
      #expect(events[0].correlationId?.uuidString.lowercased() == request)
      let asked = try events[0].decode(AuditQueried.self)
      #expect(asked.filter.category == "account")
      #expect(asked.filter.text == true)
      #expect(asked.given == 0)
      // The words themselves would be one more place that cannot forget.
      #expect(!String(decoding: events[0].payload, as: UTF8.self).contains("secret"))
      #expect(try events[1].decode(AuditQueried.self).filter.to == 1)
    }
  }

  @Test func isForAdministratorsAlone() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let head = try await server.log.head()
      for path in ["admin/audit/events", "admin/audit/events/1", "admin/audit/export?format=csv"] {
        #expect(try await anna.get(path).status == 403)
        #expect(try await server.anonymous.request("GET", "/api/v1/\(path)").status == 401)
      }
      #expect(try await server.log.head() == head, "a question that is refused is none")
    }
  }

  @Test func whatMakesNoSenseIsRefusedInWords() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      for query in [
        "actor=nobody", "type=File.x", "type=a.b,", "category=file-", "category=File", "stream=file",
        "stream=file-a%20b",
        "correlation=7", "from=yesterday", "to=-1", "text=", "order=random", "after=x", "limit=0",
        "actor=\(UUID().uuidString)&actor=\(UUID().uuidString)",
      ] {
        let answer = try await admin.get("admin/audit/events?\(query)")
        #expect(answer.status == 400, "\(query)")
        #expect(answer.problem == "invalid-request")
      }
      let unknown = try await admin.get("admin/audit/events?owner=nobody@example.org")
      #expect(unknown.status == 422)
      for query in ["", "?format=xml"] {
        #expect(try await admin.get("admin/audit/export\(query)").status == 400)
      }
    }
  }
}
