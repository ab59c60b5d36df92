// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import Testing

@testable import Server

struct JSONTests {
  private struct Login: Decodable {
    let email: String
    let cookie: Bool?
    let tries: Int?
    let device: Device?

    struct Device: Decodable { let name: String }
  }

  @Test(arguments: [
    ("{\"password\":\"x\"}", "The member \"email\" is missing."),
    ("{\"email\":1}", "The member \"email\" is not a text."),
    ("{\"email\":null}", "The member \"email\" is null instead of a text."),
    ("{\"email\":\"a\",\"cookie\":\"yes\"}", "The member \"cookie\" is not true or false."),
    ("{\"email\":\"a\",\"tries\":\"3\"}", "The member \"tries\" is not a whole number."),
    ("{\"email\":\"a\",\"device\":{}}", "The member \"device.name\" is missing."),
    ("[]", "The member \"(the body)\" is not a list or an object."),
  ])
  func saysWhatIsWrong(_ body: String, _ detail: String) {
    #expect(throws: Problem.invalidRequest(detail)) { try JSON.decode(Login.self, from: ByteBuffer(string: body)) }
  }

  @Test(arguments: ["", "{", "{\"email\":}", "nonsense", "{\"email\":\"a\"} x", "\u{0}"])
  func refusesWhatIsNotJSON(_ body: String) throws {
    let problem = #expect(throws: Problem.self) { try JSON.decode(Login.self, from: ByteBuffer(string: body)) }
    #expect(problem?.status == .badRequest)
    #expect(problem?.detail?.hasPrefix("The body is not JSON.") == true)
  }

  @Test func refusesDeepNestingInsteadOfFollowingIt() {
    let body = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
    #expect(throws: Problem.self) { try JSON.decode([[Int]].self, from: ByteBuffer(string: body)) }
  }

  @Test func ignoresMembersItDoesNotKnow() throws {
    let login = try JSON.decode(Login.self, from: ByteBuffer(string: "{\"email\":\"a\",\"role\":\"admin\"}"))
    #expect(login.email == "a")
  }

  @Test func writesAbsentMembersAsNull() throws {
    struct Item: Encodable { @Nullable var trashedAt: String? }
    let text = String(buffer: try JSON.encode(Item(trashedAt: nil)))
    #expect(text == "{\"trashedAt\":null}")
  }
}
