// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// Two people, one content: one blob, and no answer tells either of the other.
struct PrivacyTests {
  @Test func oneBlobAndNoTellTale() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      let first = try await anna.put("secret.txt", "the same words")
      let blobs = try server.blobFiles()
      #expect(blobs.count == 1)
      let second = try await ben.put("mine.txt", "the same words")
      #expect(try server.blobFiles() == blobs)

      // The same answer but for what is one's own.
      #expect(first.status == second.status)
      #expect(Set(first.json.keys) == Set(second.json.keys))
      #expect(Set(first.headers.keys) == Set(second.headers.keys))
      #expect(second.json["settled"] as? Bool == false)

      let position = try await server.log.head()
      for (person, path) in [(anna, "secret.txt"), (ben, "mine.txt")] {
        #expect(try await person.get("me?wait=\(position)").json["usedBytes"] as? Int == 14)
        let files = try await person.get("files?state=all&wait=\(position)")
        #expect(files.items.compactMap { $0["path"] as? String } == [path])
        #expect(try await person.get("duplicates?wait=\(position)").items.isEmpty)
        let savings = try await person.get("savings?wait=\(position)").json
        #expect(savings["files"] as? Int == 1)
        #expect(savings["logicalBytes"] as? Int == 14)
        #expect(savings["savedByDuplicates"] as? Int == 0)
        #expect(savings["savedByCompression"] as? Int == 0)
        #expect(try await person.get("jobs?wait=\(position)").items.count == 1)
      }

      // Removing one's copy takes nothing from the other.
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(first.id)?permanent=true").status == 204)
      #expect(try await ben.get("files/\(second.id)/content").text == "the same words")
    }
  }

  @Test func anothersThingsAreNotThere() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      let file = try await anna.put("a.txt", "hello")
      let job = try #require(try await anna.get("jobs?wait=\(file.position)").items.first?["id"] as? String)
      let unknown = UUID().uuidString.lowercased()
      for (method, route) in [
        ("GET", "files/ID"), ("GET", "files/ID/content"), ("DELETE", "files/ID"), ("DELETE", "files/ID?permanent=true"),
        ("POST", "files/ID/restore"), ("GET", "duplicates/ID"), ("GET", "jobs/ID"),
      ] {
        let id = route.hasPrefix("jobs") ? job : file.id
        let others = try await ben.client.request(method, "/api/v1/\(route.replacingOccurrences(of: "ID", with: id))")
        let nothing = try await ben.client.request(
          method, "/api/v1/\(route.replacingOccurrences(of: "ID", with: unknown))")
        let broken = try await ben.client.request(method, "/api/v1/\(route.replacingOccurrences(of: "ID", with: "7"))")
        for refused in [others, nothing, broken] {
          #expect(refused.status == 404, "\(method) \(route)")
          #expect(refused.problem == "not-found")
        }
        #expect(others.json["detail"] as? String == nothing.json["detail"] as? String)
      }
      #expect(try await anna.get("files/\(file.id)").json["state"] as? String == "live")
    }
  }

  @Test func liveEventsGoToTheirOwnerOnly() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let ben = try await server.person("ben")
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.authenticate(ben, after: 0)
        _ = try await anna.put("a.txt", "hello")
        let own = try await ben.put("b.txt", "hello")
        var types: [String] = []
        var paths: [String] = []
        while true {
          let event = try await connection.receiveEvent()
          types.append(event.type ?? "")
          if let data = event.json["data"] as? [String: Any], let path = data["path"] as? String { paths.append(path) }
          #expect(!event.text.contains(anna.id.uuidString.lowercased()))
          if event.position.map(String.init) == own.position { break }
        }
        #expect(paths == ["b.txt"])
        #expect(types.first == "account.registered")
        #expect(types.suffix(2) == ["account.quotaCharged", "file.uploaded"])
      }
    }
  }
}

extension RawConnection {
  /// Opens `/live` for a person.
  func authenticate(_ person: Person, after: Int64? = nil) async throws {
    try #require(try await openWebSocket("/api/v1/live").status == 101)
    let position = after.map { ",\"after\":\($0)" } ?? ""
    try await sendText("{\"type\":\"authenticate\",\"token\":\"\(person.client.token ?? "")\"\(position)}")
    let ready = try await receiveFrame()
    try #require(ready.type == "ready", "\(ready.text)")
  }
}
