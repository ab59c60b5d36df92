// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// Uploads over real HTTP, and above all what must not become one.
struct UploadTests {
  @Test func keepsAFileAndSaysWhere() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let created = try await anna.put("notes/a%20b.txt", "hello", headers: [("Content-Type", "text/plain")])
      #expect(created.status == 201, "\(created.text)")
      #expect(created.headers["location"] == "/api/v1/files/\(created.id)")
      #expect(created.json["path"] as? String == "notes/a b.txt")
      #expect(created.json["size"] as? Int == 5)
      #expect(
        created.json["digest"] as? String
          == "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
      #expect(created.json["contentType"] as? String == "text/plain")
      #expect(created.json["state"] as? String == "live")
      #expect(created.json["trashedAt"] is NSNull)
      let read = try await anna.get("files/\(created.id)?wait=\(created.position)")
      #expect(read.status == 200)
      #expect(read.json["uploadedAt"] as? String == created.json["uploadedAt"] as? String)
      let again = try await anna.put("notes/a%20b.txt", "hello")
      #expect(again.status == 200)
      #expect(again.id == created.id)
    }
  }

  @Test func aNewContentTrashesTheOldOne() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let first = try await anna.put("a.txt", "one")
      let second = try await anna.put("a.txt", "two")
      #expect(second.status == 201)
      #expect(second.id != first.id)
      let trashed = try await anna.get("files?state=trashed&wait=\(second.position)")
      #expect(trashed.items.map { $0["id"] as? String } == [first.id])
    }
  }

  @Test func refusesBytesThatAreNotThoseOfTheDigest() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      // The digest of "hello".
      let digest = ("Content-Digest", "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:")
      let wrong = try await anna.put("a.txt", "hullo", headers: [digest])
      #expect(wrong.status == 422)
      #expect(wrong.problem == "digest-mismatch")
      let large = try await anna.put("a.txt", String(repeating: "x", count: 300_000), headers: [digest])
      #expect(large.status == 422)
      #expect(try server.blobFiles() == [])
      #expect(try await anna.get("files").items.isEmpty)
      let right = try await anna.put("a.txt", "hello", headers: [digest])
      #expect(right.status == 201)
    }
  }

  @Test func refusesAMalformedDigest() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let refused = try await anna.put("a.txt", "hello", headers: [("Content-Digest", "sha-256=nonsense")])
      #expect(refused.status == 400)
      #expect(refused.problem == "invalid-request")
      let other = try await anna.put("a.txt", "hello", headers: [("Content-Digest", "sha-512=:AAAA:")])
      #expect(other.status == 201)
    }
  }

  @Test func refusesPathsThatAreUnsafe() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      for path in [
        "..%2Fetc%2Fpasswd", "a%2F..%2Fb", "a%2F.%2Fb", "%2Fetc", "a%2F%2Fb", "a%2F", "", "nul%00byte", "line%0Abreak",
        String(repeating: "x", count: 300), String(repeating: "x%2F", count: 2500) + "x", "bell%07",
      ] {
        let refused = try await anna.put(path, "hello")
        #expect(refused.status == 422, "\(path.prefix(40))")
        #expect(refused.problem == "invalid-path")
        #expect(refused.json["detail"] as? String != nil)
      }
      #expect(try server.blobFiles() == [])
    }
  }

  @Test func refusesAPathThatIsNoText() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      for target in ["/api/v1/files?path=%FF", "/api/v1/files?path=a&path=b", "/api/v1/files", "/api/v1/files?path=%2"]
      {
        let refused = try await anna.client.request("PUT", target, body: Array("x".utf8))
        #expect(refused.status == 400, "\(target)")
      }
    }
  }

  @Test func aCutBodyLeavesNothing() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let length = 3_000_000
      for end in ["cut", "finish"] {
        try await RawConnection.with(port: server.port) { connection async throws in
          try await connection.request(
            "PUT", "/api/v1/files?path=a.bin",
            headers: anna.client.authorization + [("Content-Length", String(length))])
          try await connection.send(bytes: [UInt8](repeating: 1, count: length - 1))
          // The bytes are on the disk now, staged.
          try await server.until { try !server.blobFiles().isEmpty }
          if end == "cut" { return try await connection.cut() }
          connection.finishSending()
          let refused = try await connection.response()
          #expect(refused.status == 400)
          #expect(refused.problem == "incomplete-body")
        }
        try await server.until { try server.blobFiles().isEmpty }
      }
      #expect(try await anna.get("files").items.isEmpty)
      #expect(try await anna.get("me").json["usedBytes"] as? Int == 0)
    }
  }

  @Test func aCutChunkedBodyLeavesNothing() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "PUT", "/api/v1/files?path=a.bin", headers: anna.client.authorization + [("Transfer-Encoding", "chunked")])
        try await connection.send("5\r\nhello\r\n")
        connection.finishSending()
        #expect(try await connection.response().status == 400)
      }
      #expect(try await anna.get("files").items.isEmpty)
      #expect(try server.blobFiles() == [])
    }
  }

  @Test func takesAChunkedBody() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "PUT", "/api/v1/files?path=a.bin", headers: anna.client.authorization + [("Transfer-Encoding", "chunked")])
        for part in ["5\r\nhello\r\n", "6\r\n world\r\n", "0\r\n\r\n"] { try await connection.send(part) }
        let created = try await connection.response()
        #expect(created.status == 201)
        #expect(created.json["size"] as? Int == 11)
      }
    }
  }

  @Test func refusesWhatIsTooLargeBeforeTheBody() async throws {
    try await ServerUnderTest.run(configure: { $0.maxUploadBytes = 1000 }) { server async throws in
      let anna = try await server.person("anna")
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "PUT", "/api/v1/files?path=a.bin",
          headers: anna.client.authorization + [("Content-Length", "1001"), ("Expect", "100-continue")])
        let refused = try await connection.response()
        #expect(refused.status == 413)
        #expect(refused.problem == "content-too-large")
        #expect(refused.headers["connection"] == "close")
        #expect(try await connection.receiveAll().isEmpty)
      }
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "PUT", "/api/v1/files?path=a.bin", headers: anna.client.authorization + [("Transfer-Encoding", "chunked")])
        try await connection.send("400\r\n\(String(repeating: "x", count: 1024))\r\n")
        #expect(try await connection.response().status == 413)
      }
      #expect(try server.blobFiles() == [])
    }
  }

  @Test func asksForTheBodyOnlyOfWhoMaySend() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let expect = [("Content-Length", "5"), ("Expect", "100-continue")]
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request("PUT", "/api/v1/files?path=a", headers: expect)
        #expect(try await connection.response().status == 401)
      }
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request("PUT", "/api/v1/files?path=a", headers: anna.client.authorization + expect)
        #expect(try await connection.response().status == 100)
        try await connection.send("hello")
        #expect(try await connection.response().status == 201)
      }
    }
  }

  @Test func aRepeatUnderItsKeyIsAnsweredAsTheFirstTime() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let key = ("Idempotency-Key", "upload-1")
      let first = try await anna.put("a.txt", "hello", headers: [key])
      let again = try await anna.put("a.txt", "hello", headers: [key])
      #expect(first.status == 201 && again.status == 201)
      #expect(first.json as NSDictionary == again.json as NSDictionary)
      #expect(first.position == again.position)
      let other = try await anna.put("b.txt", "hello", headers: [key])
      #expect(other.status == 422)
      #expect(other.problem == "idempotency-key-reused")
      let bad = try await anna.put("b.txt", "hello", headers: [("Idempotency-Key", "a b")])
      #expect(bad.status == 400)
    }
  }

  @Test func parallelUploadsAreAllKept() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let count = 200
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<count {
          if number >= 16 { _ = try await group.next() }
          group.addTask {
            let created = try await anna.put("dir\(number % 7)%2Ffile\(number)", "content \(number % 50)")
            #expect(created.status == 201, "\(created.text)")
            return created.position
          }
        }
        return try await group.reduce(into: [String]()) { $0.append($1) }
      }
      let last = try await server.log.head()
      #expect(ids.count == 16)
      var paths: Set<String> = []
      var after: String?
      repeat {
        let page = try await anna.get("files?limit=70&wait=\(last)\(after.map { "&after=\($0)" } ?? "")")
        paths.formUnion(page.items.compactMap { $0["path"] as? String })
        after = page.json["next"] as? String
      } while after != nil
      #expect(paths.count == count)
      #expect(try server.blobFiles().count == 50)
    }
  }
}
