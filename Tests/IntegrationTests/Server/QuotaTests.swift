// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// What an account may hold, over HTTP.
struct QuotaTests {
  private func limit(_ person: Person, to bytes: Int, on server: ServerUnderTest) async throws {
    let admin = try await server.administrator()
    let set = try await admin.client.request(
      "PUT", "/api/v1/admin/users/\(person.id.uuidString.lowercased())/quota", json: "{\"quotaBytes\":\(bytes)}")
    try #require(set.status == 204, "\(set.text)")
    _ = try await person.get("me?wait=\(set.position)")
  }

  @Test func refusesWhatDoesNotFitBeforeTheBody() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await limit(anna, to: 10, on: server)
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "PUT", "/api/v1/files?path=a",
          headers: anna.client.authorization + [("Content-Length", "11"), ("Expect", "100-continue")])
        let refused = try await connection.response()
        #expect(refused.status == 507)
        #expect(refused.problem == "quota-exceeded")
      }
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "PUT", "/api/v1/files?path=a", headers: anna.client.authorization + [("Transfer-Encoding", "chunked")])
        try await connection.send("b\r\nhello world\r\n0\r\n\r\n")
        #expect(try await connection.response().status == 507)
      }
      #expect(try server.blobFiles() == [])
      #expect(try await anna.put("a", "0123456789").status == 201)
      #expect(try await anna.put("b", "x").status == 507)
    }
  }

  @Test func aRemovedFileGivesItsBytesBackAtOnce() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await limit(anna, to: 10, on: server)
      let first = try await anna.put("a", "0123456789")
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(first.id)").status == 200)
      #expect(try await anna.put("b", "x").status == 507)
      #expect(try await anna.client.request("DELETE", "/api/v1/files/\(first.id)?permanent=true").status == 204)
      #expect(try await anna.put("b", "x").status == 201)
    }
  }

  @Test func parallelUploadsNeverHoldMoreThanTheQuota() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await limit(anna, to: 100, on: server)
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<40 { group.addTask { try await anna.put("f\(number)", "number \(number + 100)").status } }
        return try await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(statuses.count { $0 == 201 } == 10)
      #expect(statuses.count { $0 == 507 } == 30)
      let me = try await anna.get("me?wait=\(server.log.head())")
      #expect(me.json["usedBytes"] as? Int == 100)
    }
  }
}
