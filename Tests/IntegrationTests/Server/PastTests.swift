// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import TestSupport
import Testing

/// `?at=` and `/files/{id}/history`: what was seen before, and how a file came to be what it is.
struct PastTests {
  @Test func everyReadAnswersAsOfAMoment() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let first = try await anna.put("a.txt", "hello")
      let second = try await anna.put("b.txt", "hello!")
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(first.id)?permanent=true").status == 204)
      let head = try await server.log.head()
      #expect(try await anna.get("files?wait=\(head)").items.count == 1)

      let then = first.position
      let files = try await anna.get("files?at=\(then)")
      #expect(files.items.compactMap { $0["path"] as? String } == ["a.txt"])
      #expect(try await anna.get("files/\(first.id)?at=\(then)").json["state"] as? String == "live")
      #expect(try await anna.get("files/\(first.id)").status == 404)
      #expect(try await anna.get("files/\(second.id)?at=\(then)").status == 404)
      #expect(try await anna.get("me?at=\(then)").json["usedBytes"] as? Int == 5)
      #expect(try await anna.get("me?at=\(second.position)").json["usedBytes"] as? Int == 11)
      let savings = try await anna.get("savings?at=\(then)").json
      #expect(savings["logicalBytes"] as? Int == 5)
      #expect(savings["position"] as? Int == Int(then))
      #expect(try await anna.get("duplicates?at=\(then)").items.isEmpty)
      #expect(try await anna.get("duplicates/\(first.id)?at=\(then)").status == 404)
      let time = try #require(files.items.first?["uploadedAt"] as? String)
      #expect(try await anna.get("files?at=\(time)&state=all").items.isEmpty == false)
    }
  }

  @Test func momentsWithoutAnAnswerSayWhy() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      for path in ["files", "duplicates", "savings", "me"] {
        let future = try await anna.get("\(path)?at=9999999")
        #expect(future.status == 422)
        #expect(future.problem == "in-the-future")
        let early = try await ben.get("\(path)?at=1")
        #expect(early.status == 404)
        #expect(early.problem == "before-the-account")
        for wrong in ["yesterday", "-1", "2026-01-31T12:00:00+01:00", ""] {
          #expect(try await anna.get("\(path)?at=\(wrong)").status == 400, "\(wrong)")
        }
      }
    }
  }

  @Test func aFilesHistoryIsItsOwnersAndOutlivesTheFile() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      let file = try await anna.put("a.txt", "hello")
      let replacing = try await anna.put("a.txt", "hello!")
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(file.id)?permanent=true").status == 204)
      let history = try await anna.get("files/\(file.id)/history")
      #expect(history.status == 200)
      #expect(history.items.compactMap { $0["type"] as? String } == ["file.uploaded", "file.trashed", "file.removed"])
      #expect((history.items[0]["data"] as? [String: Any])?["path"] as? String == "a.txt")
      #expect((history.items[1]["other"] as? [String: Any])?["id"] as? String == replacing.id)
      #expect(history.items[2]["other"] is NSNull)

      for (person, id) in [(ben, file.id), (anna, UUID().uuidString), (anna, "7")] {
        let refused = try await person.get("files/\(id)/history")
        #expect(refused.status == 404)
        #expect(refused.problem == "not-found")
      }
    }
  }
}
