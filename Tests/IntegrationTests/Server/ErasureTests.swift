// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// Being forgotten, over HTTP.
struct ErasureTests {
  @Test func aPersonForgetsThemselvesWithTheirPassword() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let file = try await anna.put("letters/one", "hello")
      #expect(file.status == 201)
      for (body, status) in [
        ("{}", 400), (#"{"password":""}"#, 401), (#"{"password":"correct horse bert"}"#, 401),
      ] {
        let refused = try await anna.client.request("DELETE", "/api/v1/me", json: body)
        #expect(refused.status == status, "\(refused.text)")
      }
      #expect(try await anna.get("files/\(file.id)?wait=\(file.position)").status == 200)

      let erased = try await anna.client.request("DELETE", "/api/v1/me", json: #"{"password":"correct horse anna"}"#)
      try #require(erased.status == 200, "\(erased.text)")
      #expect(erased.json["files"] as? Int == 1 && erased.json["bytes"] as? Int == 5)
      #expect(erased.json["condemnedBytes"] as? Int == 5 && erased.json["eventsInTheClear"] as? Int == 0)
      #expect(try await anna.get("me?wait=\(erased.position)").status == 404)
      #expect(try await anna.get("files?state=all").items.isEmpty)
      #expect(try await anna.get("files/\(file.id)/content").status == 404)
      #expect(try await anna.put("late", "late").status == 401)
      #expect(try await server.anonymous.request("POST", "/api/v1/auth/login", json: anna.credentials).status == 401)
      let refreshed = try await server.anonymous.request(
        "POST", "/api/v1/auth/refresh", json: #"{"refreshToken":"\#(anna.refreshToken)"}"#)
      #expect(refreshed.status == 401)
      #expect(try await !server.blobFiles().isEmpty, "until the grace is over")
      try await server.reclaimer.pass()
      #expect(try server.blobFiles() == [])
    }
  }

  @Test func anAdministratorForgetsSomebodyAndNobodyElseDoes() async throws {
    try await ServerUnderTest.run { server async throws in
      let (anna, bert) = (try await server.person("anna"), try await server.person("bert"))
      let admin = try await server.administrator()
      _ = try await anna.put("a", "shared")
      _ = try await bert.put("b", "shared")
      let target = "/api/v1/admin/users/\(anna.id.text)"
      #expect(try await bert.client.request("DELETE", target).status == 403)
      #expect(try await server.anonymous.request("DELETE", target).status == 401)
      #expect(try await admin.client.request("DELETE", "/api/v1/admin/users/\(UUID.v7().text)").status == 404)
      let erased = try await admin.client.request("DELETE", target)
      try #require(erased.status == 200, "\(erased.text)")
      #expect(erased.json["condemnedBytes"] as? Int == 0, "bert has the content")
      #expect(try await admin.client.request("DELETE", target).status == 404)
      let users = try await admin.get("admin/users?wait=\(erased.position)").items.compactMap { $0["email"] as? String }
      #expect(users == ["bert@example.org", "admin@example.org"])
      try await server.reclaimer.pass()
      let file = try #require(try await bert.get("files").items.first?["id"] as? String)
      #expect(try await bert.get("files/\(file)/content").text == "shared")
    }
  }

  @Test func aLiveConnectionIsClosed() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let admin = try await server.administrator()
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.authenticate(anna)
        #expect(try await admin.client.request("DELETE", "/api/v1/admin/users/\(anna.id.text)").status == 200)
        while try await connection.receiveEvent().type != AccountDisabled.eventType {}
        #expect(try await connection.receiveEvent().type == "error")
        #expect(try await connection.receiveFrame().code == 4401)
      }
    }
  }
}
