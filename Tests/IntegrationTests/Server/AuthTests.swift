// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// Signing in, and what an API without a good token says.
struct AuthTests {
  @Test func registersSignsInRefreshesAndSignsOut() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let me = try await anna.get("me?wait=\(server.log.head())")
      #expect(me.status == 200)
      #expect(me.json["email"] as? String == "anna@example.org")
      #expect(me.json["role"] as? String == "user")
      #expect(me.json["usedBytes"] as? Int == 0)

      let refresh = "{\"refreshToken\":\"\(anna.refreshToken)\"}"
      let refreshed = try await server.anonymous.request("POST", "/api/v1/auth/refresh", json: refresh)
      #expect(refreshed.status == 200)
      let next = try #require(refreshed.json["refreshToken"] as? String)
      #expect(next != anna.refreshToken)
      let out = try await server.anonymous.request(
        "POST", "/api/v1/auth/logout", json: "{\"refreshToken\":\"\(next)\"}")
      #expect(out.status == 204)
      let dead = try await server.anonymous.request(
        "POST", "/api/v1/auth/refresh", json: "{\"refreshToken\":\"\(next)\"}")
      #expect(dead.status == 401)
      #expect(dead.headers["www-authenticate"] != nil)
    }
  }

  @Test func keepsTheRefreshTokenInACookieWhenAsked() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let login = anna.credentials.dropLast() + ",\"cookie\":true}"
      let signedIn = try await server.anonymous.request("POST", "/api/v1/auth/login", json: String(login))
      #expect(signedIn.json["refreshToken"] == nil)
      #expect(signedIn.headers["cache-control"] == "no-store")
      let cookie = try #require(signedIn.headers["set-cookie"])
      for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] { #expect(cookie.contains(part)) }
      #expect(!cookie.contains("Secure"))
      let pair = String(try #require(cookie.split(separator: ";").first))
      let refreshed = try await server.anonymous.request(
        "POST", "/api/v1/auth/refresh", headers: [("Cookie", "other=1; \(pair)")])
      #expect(refreshed.status == 200)
      #expect(refreshed.json["refreshToken"] == nil)
      #expect(refreshed.headers["set-cookie"]?.contains("onefold_refresh=") == true)
      let out = try await server.anonymous.request("POST", "/api/v1/auth/logout", headers: [("Cookie", pair)])
      #expect(out.status == 204)
      #expect(out.headers["set-cookie"]?.contains("Max-Age=0") == true)
    }
  }

  @Test func tellsNobodyWhoHasAnAccount() async throws {
    try await ServerUnderTest.run { server async throws in
      _ = try await server.person("anna")
      var answers: [[String: String]] = []
      for email in ["anna@example.org", "nobody@example.org", "no email", "a\\u0000b@example.org"] {
        let refused = try await server.anonymous.request(
          "POST", "/api/v1/auth/login", json: "{\"email\":\"\(email)\",\"password\":\"wrong horse battery\"}")
        #expect([400, 401].contains(refused.status))
        guard refused.status == 401 else { continue }
        answers.append(["problem": refused.problem ?? "", "detail": refused.json["detail"] as? String ?? ""])
      }
      #expect(answers.count == 3)
      #expect(Set(answers).count == 1)
    }
  }

  @Test func refusesCredentialsThatBreakTheRules() async throws {
    try await ServerUnderTest.run { server async throws in
      _ = try await server.person("anna")
      for (body, status) in [
        ("{\"email\":\"ANNA@example.org\",\"password\":\"correct horse b\"}", 409),
        ("{\"email\":\"ben@example.org\",\"password\":\"short\"}", 422),
        ("{\"email\":\"ben@example.org\",\"password\":\"\(String(repeating: "x y ", count: 20))\"}", 422),
        ("{\"email\":\"ben\",\"password\":\"correct horse b\"}", 422),
        ("{\"email\":\"ben@example.org\"}", 400), ("{\"email\":", 400), ("[]", 400), ("", 400),
      ] {
        let refused = try await server.anonymous.request("POST", "/api/v1/auth/register", json: body)
        #expect(refused.status == status, "\(body): \(refused.text)")
        #expect(refused.headers["content-type"] == "application/problem+json")
      }
    }
  }

  @Test func ignoresMembersThatWouldGiveMorePower() async throws {
    try await ServerUnderTest.run { server async throws in
      let made = try await server.anonymous.request(
        "POST", "/api/v1/auth/register",
        json: """
          {"email":"eve@example.org","password":"correct horse eve","role":"admin","quotaBytes":9999999999999,"id":"0"}
          """)
      #expect(made.status == 201)
      #expect(made.json["role"] as? String == "user")
      #expect(made.json["quotaBytes"] as? Int == 1_000_000_000)
    }
  }

  @Test func closedRegistrationTakesNobody() async throws {
    try await ServerUnderTest.run(configure: { $0.registrationIsOpen = false }) { server async throws in
      let refused = try await server.anonymous.request(
        "POST", "/api/v1/auth/register", json: "{\"email\":\"a@example.org\",\"password\":\"correct horse a\"}")
      #expect(refused.status == 403)
      #expect(refused.problem == "registration-closed")
    }
  }

  @Test func slowsDownGuessing() async throws {
    try await ServerUnderTest.run(configure: { $0.loginLimits.triesPerAccount = 3 }) { server async throws in
      let wrong = "{\"email\":\"anna@example.org\",\"password\":\"wrong horse battery\"}"
      for _ in 0..<3 {
        #expect(try await server.anonymous.request("POST", "/api/v1/auth/login", json: wrong).status == 401)
      }
      let limited = try await server.anonymous.request("POST", "/api/v1/auth/login", json: wrong)
      #expect(limited.status == 429)
      #expect((limited.headers["retry-after"].flatMap { Int($0) } ?? 0) > 0)
      let other = try await server.anonymous.request(
        "POST", "/api/v1/auth/login", json: wrong.replacingOccurrences(of: "anna", with: "ben"))
      #expect(other.status == 401)
    }
  }

  @Test func refusesEveryRouteWithoutAGoodToken() async throws {
    try await ServerUnderTest.run { server async throws in
      for authorization in [
        nil, "Bearer", "Bearer ", "Bearer nonsense", "Bearer a.b.c", "Basic YTpi",
        "Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIxIn0.",
      ] {
        for (method, target) in [
          ("GET", "me"), ("GET", "files"), ("PUT", "files?path=a"), ("GET", "files/\(UUID())"), ("GET", "duplicates"),
          ("GET", "savings"), ("GET", "jobs"), ("DELETE", "files/\(UUID())"), ("POST", "files/\(UUID())/restore"),
          ("GET", "admin/users"), ("GET", "admin/savings"), ("GET", "admin/projections"),
        ] {
          let headers = authorization.map { [("Authorization", $0)] } ?? []
          let refused = try await server.anonymous.request(method, "/api/v1/\(target)", headers: headers)
          #expect(refused.status == 401, "\(method) \(target)")
          #expect(refused.problem == "unauthenticated")
          #expect(refused.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        }
      }
    }
  }

  @Test func administratorsRoutesAreForAdministrators() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      let admin = try await server.administrator()
      for target in ["users", "savings", "projections"] {
        #expect(try await anna.get("admin/\(target)").status == 403)
        #expect(try await admin.get("admin/\(target)").status == 200)
      }
      let quota = "/api/v1/admin/users/\(anna.id)/quota"
      #expect(try await anna.client.request("PUT", quota, json: "{\"quotaBytes\":1}").status == 403)
      #expect(try await admin.client.request("PUT", quota, json: "{\"quotaBytes\":-1}").status == 422)
      #expect(try await admin.client.request("PUT", quota, json: "{\"quotaBytes\":1.5}").status == 400)
      let set = try await admin.client.request("PUT", quota, json: "{\"quotaBytes\":7}")
      #expect(set.status == 204)
      #expect(try await anna.get("me?wait=\(set.position)").json["quotaBytes"] as? Int == 7)
      let nobody = "/api/v1/admin/users/\(UUID())/quota"
      #expect(try await admin.client.request("PUT", nobody, json: "{\"quotaBytes\":1}").status == 404)
      let users = try await admin.get("admin/users?wait=\(set.position)")
      #expect(users.items.compactMap { $0["email"] as? String }.sorted() == ["admin@example.org", "anna@example.org"])
    }
  }
}
