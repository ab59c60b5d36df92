// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

struct DownloadTests {
  @Test func servesTheWholeARangeOrNothingNew() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let file = try await anna.put("d%2Fna%C3%AFve.html", "0123456789", headers: [("Content-Type", "text/html")])
      let target = "files/\(file.id)/content?wait=\(file.position)"
      let whole = try await anna.get(target)
      #expect(whole.status == 200)
      #expect(whole.text == "0123456789")
      #expect(whole.headers["content-type"] == "text/html")
      #expect(
        whole.headers["content-disposition"] == "attachment; filename=\"na_ve.html\"; filename*=UTF-8''na%C3%AFve.html")
      #expect(whole.headers["x-content-type-options"] == "nosniff")
      #expect(whole.headers["content-security-policy"]?.hasPrefix("sandbox") == true)
      #expect(whole.headers["accept-ranges"] == "bytes")
      let tag = try #require(whole.headers["etag"])

      let range = try await anna.get(target, headers: [("Range", "bytes=2-4"), ("If-Range", tag)])
      #expect(range.status == 206)
      #expect(range.text == "234")
      #expect(range.headers["content-range"] == "bytes 2-4/10")
      let changed = try await anna.get(target, headers: [("Range", "bytes=2-4"), ("If-Range", "\"other\"")])
      #expect(changed.status == 200)
      let past = try await anna.get(target, headers: [("Range", "bytes=10-")])
      #expect(past.status == 416)
      #expect(past.headers["content-range"] == "bytes */10")
      let known = try await anna.get(target, headers: [("If-None-Match", tag)])
      #expect(known.status == 304)
      #expect(known.headers["etag"] == tag)
      let head = try await anna.client.request("HEAD", "/api/v1/\(target)")
      #expect(head.status == 200)
      #expect(head.headers["content-length"] == "10")
    }
  }

  @Test func servesLargeContentsInRangesThatAddUp() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
      let file = try await anna.client.request("PUT", "/api/v1/files?path=big", body: bytes)
      #expect(file.status == 201)
      let target = "files/\(file.id)/content?wait=\(file.position)"
      #expect(try await anna.get(target).body == bytes)
      var joined: [UInt8] = []
      for start in stride(from: 0, to: bytes.count, by: 700_001) {
        let part = try await anna.get(target, headers: [("Range", "bytes=\(start)-\(start + 700_000)")])
        #expect(part.status == 206)
        joined += part.body
      }
      #expect(joined == bytes)
    }
  }

  @Test func trashRestoreAndRemoval() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let file = try await anna.put("a.txt", "hello")
      let trashed = try await anna.client.request("DELETE", "/api/v1/files/\(file.id)")
      #expect(trashed.status == 200)
      #expect(trashed.json["state"] as? String == "trashed")
      #expect(try await anna.get("files?wait=\(trashed.position)").items.isEmpty)
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(file.id)").problem == "file-is-trashed")
      #expect(try await anna.get("files/\(file.id)/content").text == "hello")
      let restored = try await anna.client.request("POST", "/api/v1/files/\(file.id)/restore")
      #expect(restored.status == 200)
      #expect(restored.json["trashedAt"] is NSNull)
      let again = try await anna.client.request("POST", "/api/v1/files/\(file.id)/restore")
      #expect(again.problem == "file-is-live")
      let removed = try await anna.client.request("DELETE", "/api/v1/files/\(file.id)?permanent=true")
      #expect(removed.status == 204)
      #expect(try await anna.get("files/\(file.id)?wait=\(removed.position)").status == 404)
      #expect(try await anna.client.request("POST", "/api/v1/files/\(file.id)/restore").status == 404)
    }
  }

  @Test func aFileCannotComeBackToATakenPath() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let first = try await anna.put("a.txt", "one")
      _ = try await anna.put("a.txt", "two")
      let refused = try await anna.client.request("POST", "/api/v1/files/\(first.id)/restore")
      #expect(refused.status == 409)
      #expect(refused.problem == "path-taken")
    }
  }
}
