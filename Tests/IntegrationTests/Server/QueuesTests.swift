// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// `/admin/queues`, `/admin/jobs` and `/admin/dead`: what administrators see of all jobs, and can do about them.
struct QueuesTests {
  @Test func deadLettersOfOneCauseAreRequeuedTogether() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let (anna, bert) = (try await server.person("anna"), try await server.person("bert"))
      var last: Int64 = 0
      for (person, code) in [(anna, "blob.full"), (anna, "blob.full"), (bert, "blob.full"), (bert, "blob.damaged")] {
        let file = try await person.put("\(last).txt", "content \(last)")
        let job = try #require(try await person.get("jobs?limit=1&wait=\(file.position)").items.first)
        last = try await server.bury(job, of: person, code: code)
      }
      let groups = try await admin.get("admin/dead?wait=\(last)").items
      #expect(groups.map { $0["fingerprint"] as? String } == ["analyze:blob.damaged", "analyze:blob.full"])
      #expect(groups.map { $0["jobs"] as? Int } == [1, 3])

      let url = "/api/v1/admin/dead/analyze:blob.full/requeue"
      let body = #"{"class":"bulk","reason":"disk replaced"}"#
      let part = try await admin.client.request("POST", url + "?limit=2", json: body)
      #expect(part.status == 200, "\(part.text)")
      #expect(part.json["jobs"] as? Int == 2)
      let next = try #require(part.json["next"] as? String)
      let rest = try await admin.client.request("POST", url + "?limit=2&after=\(next)", json: body)
      #expect(rest.json["jobs"] as? Int == 1)
      #expect(rest.json["next"] is NSNull)

      let left = try await admin.get("admin/dead?wait=\(rest.position)").items
      #expect(left.map { $0["fingerprint"] as? String } == ["analyze:blob.damaged"])
      let requeued = try await admin.get("admin/jobs?state=queued").items
      #expect(requeued.count == 3)
      #expect(requeued.allSatisfy { $0["class"] as? String == "bulk" && $0["attempts"] as? Int == 0 })
      let id = try #require(requeued.first?["id"] as? String)
      let failures = try await admin.get("admin/jobs/\(id)").json["failures"] as? [[String: Any]]
      #expect(failures?.first?["worker"] as? String == "host-1")

      // Who did it is in the log, and the owner's own feed has it too.
      let events = try await server.log.read(after: .start, limit: 1000, filter: .types([JobRequeued.eventType]))
      #expect(events.count == 3)
      for event in events {
        #expect(event.actor != nil && event.actor != event.owner)
        #expect(try event.decode(JobRequeued.self).reason == "disk replaced")
      }
      let audit = try await admin.get("admin/audit/events?type=job.requeued").items
      #expect(audit.count == 3)
    }
  }

  @Test func aDeadLetterIsDiscardedAndWhatIsNoneIsNot() async throws {
    try await ServerUnderTest.run { server async throws in
      let (admin, anna) = (try await server.administrator(), try await server.person("anna"))
      let file = try await anna.put("a.txt", "hello")
      let job = try #require(try await anna.get("jobs?wait=\(file.position)").items.first)
      let id = job["id"] as? String ?? ""
      let early = try await admin.client.request("POST", "/api/v1/admin/jobs/\(id)/discard")
      #expect(early.status == 409)
      #expect(early.text.contains("job-is-no-dead-letter"))
      try await server.bury(job, of: anna)
      let discarded = try await admin.client.request(
        "POST", "/api/v1/admin/jobs/\(id)/discard", json: #"{"reason":"file restored by hand"}"#)
      #expect(discarded.status == 204, "\(discarded.text)")
      let shown = try await admin.get("admin/jobs/\(id)?wait=\(discarded.position)").json
      #expect(shown["state"] as? String == "discarded")
      #expect(shown["error"] as? String == "The stored content is missing.")
      #expect(try await admin.get("admin/dead").items.isEmpty)
      #expect(try await admin.client.request("POST", "/api/v1/admin/jobs/\(UUID.v7().text)/requeue").status == 404)
    }
  }

  @Test func partsOfTheQueueArePausedLimitedAndResumed() async throws {
    try await ServerUnderTest.run { server async throws in
      let (admin, anna) = (try await server.administrator(), try await server.person("anna"))
      _ = try await anna.put("a.txt", "hello")
      let queues = "/api/v1/admin/queues"
      let paused = try await admin.client.request("POST", "\(queues)/class/bulk/pause", json: #"{"reason":"backup"}"#)
      #expect(paused.status == 204, "\(paused.text)")
      let limited = try await admin.client.request(
        "PUT", "\(queues)/tenant/\(anna.id.text)/limits", json: #"{"concurrency":2,"weight":3}"#)
      #expect(limited.status == 204, "\(limited.text)")
      var state = try await admin.get("admin/queues?wait=\(limited.position)").json
      let queue = try #require((state["items"] as? [[String: Any]])?.first)
      #expect(queue["class"] as? String == "interactive" && queue["kind"] as? String == "analyze")
      #expect((queue["counts"] as? [String: Any])?["queued"] as? Int == 1)
      #expect(queue["inFlight"] as? Int == 0)
      var controls = state["controls"] as? [[String: Any]] ?? []
      #expect(controls.map { $0["scope"] as? String } == ["class", "tenant"])
      #expect(controls.first?["paused"] as? Bool == true)
      #expect(controls.first?["reason"] as? String == "backup")
      #expect(controls.last?["concurrency"] as? Int == 2 && controls.last?["weight"] as? Int == 3)

      let resumed = try await admin.client.request("POST", "\(queues)/class/bulk/resume")
      let unlimited = try await admin.client.request("PUT", "\(queues)/tenant/\(anna.id.text)/limits", json: "{}")
      #expect(resumed.status == 204 && unlimited.status == 204)
      state = try await admin.get("admin/queues?wait=\(unlimited.position)").json
      controls = state["controls"] as? [[String: Any]] ?? []
      #expect(controls.isEmpty)
      let events = try await server.log.read(
        stream: StreamName(category: "queue", id: "class-bulk"), after: 0, limit: 10)
      #expect(events.map(\.type) == [QueuePaused.eventType, QueueResumed.eventType])
      #expect(events.allSatisfy { $0.actor != nil && $0.owner == nil })
    }
  }

  @Test func whatCannotBeSaidIsRefused() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let tries: [(String, String, String?, Int)] = [
        ("POST", "queues/class/slow/pause", nil, 422), ("POST", "queues/kind/bake/resume", nil, 422),
        ("POST", "queues/tenant/anna/pause", nil, 422), ("POST", "queues/color/red/pause", nil, 404),
        ("POST", "queues/tenant/*/pause", nil, 422), ("PUT", "queues/tenant/*/limits", #"{"concurrency":4}"#, 204),
        ("PUT", "queues/kind/analyze/limits", #"{"concurrency":0}"#, 422),
        ("PUT", "queues/kind/analyze/limits", #"{"weight":2}"#, 422),
        ("PUT", "queues/kind/analyze/limits", #"{"ratePerSecond":"many"}"#, 400),
        ("POST", "queues/class/bulk/pause", #"{"reason":"two\nlines"}"#, 422),
        ("POST", "dead/analyze:x/requeue", #"{"class":"slow"}"#, 400),
        ("GET", "jobs?state=asleep", nil, 400), ("GET", "jobs?owner=anna", nil, 400),
        ("GET", "jobs?fingerprint=x&state=queued", nil, 400), ("GET", "jobs?after=x", nil, 400),
      ]
      for (method, route, json, status) in tries {
        let url = "/api/v1/admin/\(route)"
        let answer =
          if let json { try await admin.client.request(method, url, json: json) } else {
            try await admin.client.request(method, url)
          }
        #expect(answer.status == status, "\(method) \(route): \(answer.text)")
      }
    }
  }

  @Test func nobodyElseMay() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let id = UUID.v7().text
      for (method, route) in [
        ("GET", "queues"), ("GET", "jobs"), ("GET", "jobs/\(id)"), ("GET", "dead"), ("POST", "jobs/\(id)/cancel"),
        ("POST", "jobs/\(id)/requeue"), ("POST", "jobs/\(id)/discard"), ("POST", "dead/x/requeue"),
        ("POST", "dead/x/discard"), ("POST", "queues/class/bulk/pause"), ("POST", "queues/class/bulk/resume"),
        ("PUT", "queues/class/bulk/limits"),
      ] {
        #expect(try await anna.client.request(method, "/api/v1/admin/\(route)").status == 403, "\(method) \(route)")
      }
    }
  }
}
