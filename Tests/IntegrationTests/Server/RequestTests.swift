// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// What holds for every request.
struct RequestTests {
  @Test func errorsAreProblemsWhateverThePath() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      for (method, target, status) in [
        ("GET", "/api/v1/nothing", 404), ("GET", "/nothing", 404), ("POST", "/api/v1/nothing", 404),
        ("PATCH", "/api/v1/files", 405), ("PUT", "/api/v1/me", 405), ("PATCH", "/healthz", 405),
        ("GET", "/api/v1/files?limit=0", 400), ("GET", "/api/v1/files?limit=501", 400),
        ("GET", "/api/v1/files?limit=ten", 400), ("GET", "/api/v1/files?after=nonsense", 400),
        ("GET", "/api/v1/files?state=gone", 400), ("GET", "/api/v1/duplicates?class=alike", 400),
        ("GET", "/api/v1/jobs?state=lost", 400), ("GET", "/api/v1/files?wait=-1", 400),
        ("GET", "/api/v1/files?prefix=%00", 400), ("GET", "/api/v1/files/not-an-id", 404),
      ] {
        let refused = try await anna.client.request(method, target, headers: [("X-Request-Id", "test-1")])
        #expect(refused.status == status, "\(method) \(target): \(refused.text)")
        #expect(refused.headers["content-type"] == "application/problem+json", "\(method) \(target)")
        #expect(refused.json["instance"] as? String == "urn:onefold:request:test-1")
        #expect(refused.headers["x-request-id"] == "test-1")
        #expect(refused.json["status"] as? Int == status)
      }
      let notAllowed = try await anna.client.request("PATCH", "/api/v1/files")
      #expect(notAllowed.headers["allow"] == "GET, HEAD, POST, PUT")
    }
  }

  @Test func bodiesHaveALimit() async throws {
    try await ServerUnderTest.run { server async throws in
      let large = "{\"email\":\"\(String(repeating: "x", count: 70_000))\"}"
      let refused = try await server.anonymous.request("POST", "/api/v1/auth/login", json: large)
      #expect(refused.status == 413)
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.request(
          "POST", "/api/v1/auth/login",
          headers: [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
        for _ in 0..<9 { try await connection.send("2000\r\n\(String(repeating: " ", count: 8192))\r\n") }
        #expect(try await connection.response().status == 413)
      }
      let form = try await server.anonymous.request(
        "POST", "/api/v1/auth/login", headers: [("Content-Type", "text/plain")], body: Array("{}".utf8))
      #expect(form.status == 415)
    }
  }

  @Test func headersHaveALimit() async throws {
    try await ServerUnderTest.run { server async throws in
      let huge = try await server.anonymous.request(
        "GET", "/healthz", headers: [("X-Large", String(repeating: "x", count: 40_000))])
      #expect(huge.status == 431)
      let many = try await server.anonymous.request(
        "GET", "/healthz", headers: (0..<150).map { ("X-\($0)", "1") })
      #expect(many.status == 431)
    }
  }

  @Test func browsersAreToldWhatNotToDo() async throws {
    try await ServerUnderTest.run { server async throws in
      for target in ["/", "/api/v1/me", "/nothing", "/api/v1/openapi.yaml", "/healthz"] {
        let headers = try await server.anonymous.request("GET", target).headers
        let policy = headers["content-security-policy"] ?? ""
        #expect(policy.contains("frame-ancestors 'none'"), "\(target)")
        #expect(!policy.contains("unsafe-inline"))
        #expect(headers["x-content-type-options"] == "nosniff")
        #expect(headers["referrer-policy"] == "no-referrer")
        #expect(headers["cross-origin-opener-policy"] == "same-origin")
        #expect(headers["access-control-allow-origin"] == nil)
      }
    }
  }

  @Test func aReadWaitsForItsPosition() async throws {
    try await ServerUnderTest.run(configure: { $0.readTimeout = .seconds(3) }) { server async throws in
      let anna = try await server.person("anna")
      let refused = try await anna.get("files?wait=999999")
      #expect(refused.status == 503)
      #expect(refused.problem == "not-yet")
      #expect(refused.headers["retry-after"] != nil)
      for number in 0..<20 {
        let file = try await anna.put("f\(number)", "x\(number)")
        #expect(try await anna.get("files/\(file.id)?wait=\(file.position)").status == 200)
      }
    }
  }

  @Test func tellsHowItIs() async throws {
    try await ServerUnderTest.run { server async throws in
      #expect(try await server.anonymous.request("GET", "/healthz").json["status"] as? String == "ok")
      let ready = try await server.anonymous.request("GET", "/readyz")
      #expect(ready.status == 200)
      #expect(ready.json["checks"] as? [String: String] == ["postgres": "ok", "redis": "ok"])
      let metrics = try await server.anonymous.request("GET", "/metrics")
      #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    }
  }

  @Test func servesItsDescription() async throws {
    try await ServerUnderTest.run { server async throws in
      let document = try await server.anonymous.request("GET", "/api/v1/openapi.yaml")
      #expect(document.headers["content-type"] == "application/yaml")
      let file = URL(filePath: #filePath).appending(path: "../../../../docs/openapi.yaml").standardizedFileURL
      #expect(document.body == Array(try Data(contentsOf: file)))
    }
  }

  @Test func severalRequestsShareAConnection() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await RawConnection.with(port: server.port) { connection async throws in
        for number in 0..<5 {
          try await connection.request(
            "PUT", "/api/v1/files?path=f\(number)", headers: anna.client.authorization, body: Array("x\(number)".utf8))
          #expect(try await connection.response().status == 201)
        }
        // Pipelined: both are sent before either is answered.
        try await connection.request("GET", "/healthz")
        try await connection.request("GET", "/api/v1/me", headers: anna.client.authorization)
        #expect(try await connection.response().json["status"] as? String == "ok")
        #expect(try await connection.response().json["email"] as? String == "anna@example.org")
      }
    }
  }
}
