// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Testing

@testable import Projections
import TestSupport

struct PayloadTests {
  private func payload(_ json: String) -> Payload {
    Payload(
      RecordedEvent(
        position: Position(7), version: 1, recordedAt: Date(), id: UUID(), schemaVersion: 1,
        stream: StreamName(category: "file", id: "x"), type: "file.uploaded", payload: Array(json.utf8)))
  }

  private func reason(_ body: () throws -> some Any) -> String? {
    do {
      _ = try body()
      return nil
    } catch { return (error as? UnreadableEvent)?.reason ?? "\(error)" }
  }

  @Test func readsMembersWhereverTheyStand() throws {
    let id = UUID()
    let payload = payload(
      #"{"a":{"size":1,"deep":["}",{"size":"\"2"}]},"id":"\#(id.text)","path":"a/b","size":-12 , "zero":0}"#)
    #expect(try payload.integer("size") == -12)
    #expect(try payload.integer("zero") == 0)
    #expect(try payload.text("path") == "a/b")
    #expect(try payload.uuid("id") == id)
  }

  @Test func readsEveryTextThatJSONCanWrite() throws {
    for text in ["", "ü,\"\\\n(x)", "été/日本/\u{1F600}", "tab\tnul\u{1}", "/\\/\"", "ends with \\"] {
      let written = try CanonicalJSON.encode(["text": text])
      #expect(try payload(String(decoding: written, as: UTF8.self)).text("text") == text)
    }
    #expect(try payload(#"{"text":"\u00e9\ud83d\ude00"}"#).text("text") == "é\u{1F600}")
  }

  @Test func agreesWithFoundationOnGeneratedObjects() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let numbers = [Int64.min, .max, 0, -1, .random(in: .min ... .max, using: &random)]
      let object: [String: Int64] = Dictionary(
        uniqueKeysWithValues: ["a", "ab", "b", "size"].map { ($0, numbers.randomElement(using: &random) ?? 0) })
      let payload = payload(String(decoding: try CanonicalJSON.encode(object), as: UTF8.self))
      #expect(try payload.integer("size") == object["size"], "seed \(seed)")
      #expect(try payload.integer("ab") == object["ab"], "seed \(seed)")
    }
  }

  @Test func whatIsMissingOrNullIsNoText() throws {
    #expect(try payload(#"{"path":null}"#).optionalText("path") == nil)
    #expect(try payload("{}").optionalText("path") == nil)
    #expect(reason { try payload("{}").text("path") } == #"the member "path" is missing"#)
  }

  @Test(arguments: [
    ("1.5", "is no whole number"), ("1e3", "is no whole number"), ("9223372036854775808", "is no whole number"),
    ("-", "is no whole number"), ("\"1\"", "is no whole number"), ("true", "is no whole number"),
  ])
  func refusesWhatIsNoWholeNumber(value: String, complaint: String) {
    #expect(reason { try payload("{\"size\":\(value)}").integer("size") } == "the member \"size\" \(complaint)")
  }

  @Test(arguments: [
    "\"0193497e\"", "1", "\"0193497e-5f00-7a3c-9c1b-6f1d2e3a4b0g\"", "\"0193497e+5f00-7a3c-9c1b-6f1d2e3a4b01\"",
  ])
  func refusesWhatIsNoIdentifier(value: String) {
    #expect(reason { try payload("{\"fileId\":\(value)}").uuid("fileId") } == #"the member "fileId" is no identifier"#)
  }

  @Test(arguments: [
    "", "[]", "1", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"x", "{a:1}", "{\"a\":[1,2}", "{\"a\" 1}",
  ])
  func refusesWhatIsNoObject(json: String) {
    #expect(reason { try payload(json).text("path") } == "the payload is no JSON object")
  }

  @Test func namesTheMemberAndNeverItsValue() {
    let secret = "anna@example.org"
    let complaints = [
      reason { try payload("{\"email\":\"\(secret)\"}").integer("email") },
      reason { try payload("{\"email\":\"\(secret)\"}").uuid("email") },
      reason { try payload("{\"email\":\"\(secret)\"}").digest("email") },
    ]
    #expect(complaints.allSatisfy { $0?.contains("email") == true && $0?.contains("anna") == false })
  }
}
