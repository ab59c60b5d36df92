// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import TestSupport
import Testing

struct SealsTests {
  @Test func administratorsReadSealsAndProofs() async throws {
    try await ServerUnderTest.run { server async throws in
      let admin = try await server.administrator()
      let anna = try await server.person("anna")
      #expect(try await admin.get("admin/seals").items.isEmpty)
      #expect(try await admin.get("admin/seals/public-key").status == 404)
      let key = SealKey()
      var seals: [Seal] = []
      for number in 0..<3 {
        _ = try await anna.put("f\(number)", "x")
        seals += try await Sealer.sealNow(pool: server.pool, keys: SealKeys(current: key), copyPath: nil)
      }

      let page = try await admin.get("admin/seals?limit=2")
      #expect(page.items.map { $0["number"] as? Int } == [seals.count, seals.count - 1])
      let rest = try await admin.get("admin/seals?after=\(page.json["next"] as? String ?? "")")
      #expect(rest.items.count == seals.count - 2)
      #expect(rest.json["next"] is NSNull)
      #expect(try await admin.get("admin/seals?after=x").status == 400)
      #expect(try await admin.get("admin/seals/1").json["root"] as? String != nil)
      #expect(try await admin.get("admin/seals/99").status == 404)
      #expect(try await admin.get("admin/seals/x").status == 404)
      #expect(try await admin.get("admin/seals/public-key").json["key"] as? String == key.publicKey.description)

      let answer = try await admin.get("admin/audit/events/1/proof")
      #expect(answer.status == 200)
      let proof = try JSONDecoder().decode(InclusionProof.self, from: Data(answer.body))
      #expect(try proof.verified(by: [key.publicKey]).position == Position(1))
      // It shows the event, so the question is on the record; and the event's own answer has the proof with it.
      let asked = try await server.log.read(
        after: .start, limit: 500, filter: EventFilter(types: ["system.auditQueried"]))
      #expect(asked.count == 1)
      let event = try await admin.get("admin/audit/events/1")
      #expect(event.json["position"] as? Int == 1)
      let embedded = try JSONSerialization.data(withJSONObject: event.json["proof"] as? [String: Any] ?? [:])
      #expect(try JSONDecoder().decode(InclusionProof.self, from: embedded) == proof)
      let head = try await server.log.head()
      #expect(try await admin.get("admin/audit/events/\(head)").json["proof"] is NSNull, "not sealed yet")
      for missing in ["0", "-1", "x", "999999"] {
        #expect(try await admin.get("admin/audit/events/\(missing)/proof").status == 404, "\(missing)")
      }
    }
  }

  @Test func nobodyElseDoes() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      for path in ["admin/seals", "admin/seals/1", "admin/seals/public-key", "admin/audit/events/1/proof"] {
        #expect(try await anna.get(path).status == 403, "\(path)")
        #expect(try await server.anonymous.request("GET", "/api/v1/\(path)").status == 401, "\(path)")
      }
    }
  }
}
