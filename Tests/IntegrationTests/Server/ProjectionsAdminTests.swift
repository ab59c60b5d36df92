// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// What administrators see of the read tables, and can do about them.
struct ProjectionsAdminTests {
  @Test func aRebuildIsAcceptedDoneAndRolledBack() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let anna = try await server.person("anna")
      _ = try await anna.put("a.txt", "hello")

      let asked = try await admin.client.request("POST", "/api/v1/admin/projections/files/rebuild")
      #expect(asked.status == 202, "\(asked.text)")
      #expect(asked.json["state"] as? String == "requested")
      try await eventually {
        let rebuild = try await admin.get("admin/projections/files").json["rebuild"] as? [String: Any]
        return rebuild?["state"] as? String == "done"
      }
      let status = try await admin.get("admin/projections/files").json
      #expect((status["rebuild"] as? [String: Any])?["differing"] as? Int == 0)
      #expect((status["previous"] as? [String: Any])?["keptUntil"] != nil)

      // What is uploaded after the rebuild is not in the tables that come back, until they have caught up.
      let file = try await anna.put("b.txt", "hello again")
      let back = try await admin.client.request("POST", "/api/v1/admin/projections/files/rollback")
      #expect(back.status == 200, "\(back.text)")
      let files = try await anna.get("files?wait=\(file.position)")
      #expect(files.items.compactMap { $0["path"] as? String } == ["a.txt", "b.txt"])
    }
  }

  @Test func whatCannotBeDoneIsSaid() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      for route in ["log/rebuild", "log/rollback", "log/retry"] {
        #expect(try await admin.client.request("POST", "/api/v1/admin/projections/\(route)").status == 404)
      }
      #expect(try await admin.get("admin/projections/log").status == 404)
      let back = try await admin.client.request("POST", "/api/v1/admin/projections/files/rollback")
      #expect(back.status == 409)
      #expect(back.text.contains("nothing-to-roll-back-to"))
      #expect(try await admin.get("admin/parked?after=nonsense").status == 400)
    }
  }

  @Test func nobodyElseMay() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      for (method, route) in [
        ("GET", "projections"), ("GET", "projections/files"), ("GET", "parked"), ("POST", "projections/files/rebuild"),
        ("POST", "projections/files/rollback"), ("POST", "projections/files/retry"),
      ] {
        #expect(try await anna.client.request(method, "/api/v1/admin/\(route)").status == 403, "\(method) \(route)")
      }
    }
  }

  @Test func parkedEventsAreListedAndRetried() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let bad = (0..<3).map { _ in NewEvent(type: "file.trashed", schemaVersion: 1, payload: Array("{}".utf8)) }
      _ = try await server.log.append(to: StreamName(category: "file", id: .v7()), expected: .noStream, bad)
      try await eventually { try await admin.get("admin/parked").items.count == 9 }

      let page = try await admin.get("admin/parked?projection=files&limit=2")
      #expect(page.items.compactMap { $0["error"] as? String }.allSatisfy { $0.contains("fileId") })
      let next = try #require(page.json["next"] as? String)
      #expect(try await admin.get("admin/parked?projection=files&limit=2&after=\(next)").items.count == 1)
      #expect(try await admin.get("admin/projections/files").json["parked"] as? Int == 3)

      let retried = try await admin.client.request("POST", "/api/v1/admin/projections/files/retry")
      #expect(retried.status == 202)
      #expect(retried.json["outcome"] as? String == "rebuilding")
      try await eventually {
        try await admin.get("admin/parked?projection=files").items.allSatisfy { $0["attempts"] as? Int == 2 }
      }
    }
  }

  /// Progress goes to administrators' WebSockets and to nobody else's.
  @Test func rebuildsAreToldLiveToAdministratorsAlone() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let anna = try await server.person("anna")
      try await RawConnection.with(port: server.port) { admins async throws in
        try await RawConnection.with(port: server.port) { annas async throws in
          try await admins.authenticate(admin)
          try await annas.authenticate(anna)
          #expect(try await admin.client.request("POST", "/api/v1/admin/projections/jobs/rebuild").status == 202)
          var states: [String] = []
          while states.last != "done" {
            let frame = try await admins.receiveFrame()
            guard frame.type == "rebuildProgress" else { continue }
            #expect(frame.json["projection"] as? String == "jobs")
            states.append((frame.json["rebuild"] as? [String: Any])?["state"] as? String ?? "")
          }
          // Anna's next event comes after all that, and nothing of it came before.
          let file = try await anna.put("a.txt", "hello")
          var frame = try await annas.receiveFrame()
          while frame.type != "file.uploaded" {
            #expect(frame.type != "rebuildProgress")
            frame = try await annas.receiveFrame()
          }
          #expect(frame.position.map(String.init) == file.position)
        }
      }
    }
  }
}
