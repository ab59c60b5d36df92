// SPDX-License-Identifier: Apache-2.0

import Crypto
import Domain
import Foundation
import TestSupport
import Testing

@testable import Accounts

struct PersonalMemberTests {
  private struct Payload: Codable, Equatable {
    var contentType: String?
    var fileId: UUID
    var path: String
    var reason: String?
  }

  /// Texts made of what could mislead a search: quotes, backslashes, keys, and what JSON escapes.
  private static func text(_ random: inout SeededGenerator) -> String {
    let parts = ["\"", "\\", "\"path\":\"", "path", ":", ",", "}", "\n", "\u{1}", "ü", "😀", "x", "", "\\\"", "\":\""]
    return (0..<Int.random(in: 0..<8, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
  }

  @Test func theMemberIsFoundWhateverTheTextsHold() throws {
    var random = SeededGenerator.printed()
    let member = PersonalMember("path")
    for _ in 0..<5000 {
      let payload = Payload(
        contentType: Bool.random(using: &random) ? Self.text(&random) : nil, fileId: .v7(), path: Self.text(&random),
        reason: Bool.random(using: &random) ? Self.text(&random) : nil)
      var bytes = try CanonicalJSON.encode(payload)
      let found = try #require(member.text(in: bytes))
      let quoted = [UInt8(ascii: "\"")] + bytes[found] + [UInt8(ascii: "\"")]
      #expect(try CanonicalJSON.decode(String.self, from: quoted) == payload.path)

      bytes.removeSubrange(found)
      var empty = payload
      empty.path = ""
      #expect(try bytes == CanonicalJSON.encode(empty), "what is left is canonical")
    }
  }

  @Test func aPayloadWithoutTheTextHasNone() {
    let member = PersonalMember("path")
    for payload in ["{}", #"{"path":null}"#, #"{"path":1}"#, #"{"paths":"a"}"#, "", #"{"a":"\"path\":\"b\""}"#] {
      #expect(member.text(in: Array(payload.utf8)) == nil, "\(payload)")
    }
  }

  @Test func base64HasOneSpellingForEachBytes() {
    var random = SeededGenerator.printed()
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let text = Base64URL.encode(bytes)
      let expected = Data(bytes).base64EncodedString()
        .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
      #expect(String(decoding: text, as: UTF8.self) == expected)
      #expect(Base64URL.decode(text[...]) == bytes)
    }
    for text in ["A", "AB", "AAB", "AA=", "AA+A", "A A", "AAAAA"] {
      #expect(Base64URL.decode(Array(text.utf8)[...]) == nil)
    }
  }
}

struct PersonalKeyTests {
  private let event = UUID.v7()

  @Test func aTextOpensInItsPlaceUnderItsKeyAndNowhereElse() throws {
    let key = PersonalKey()
    let text = Array("Fotos/Zürich/été.jpg".utf8)
    let sealed = try key.seal(text[...], as: "path", of: event)
    #expect(try Array(key.open(sealed[...], as: "path", of: event)) == text)
    #expect(throws: (any Error).self) { try key.open(sealed[...], as: "path", of: .v7()) }
    #expect(throws: (any Error).self) { try key.open(sealed[...], as: "email", of: event) }
    #expect(throws: (any Error).self) { try PersonalKey().open(sealed[...], as: "path", of: event) }
    for index in sealed.indices {
      var damaged = sealed
      damaged[index] = damaged[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(throws: (any Error).self) { try key.open(damaged[...], as: "path", of: event) }
    }
  }

  @Test func equalTextsLookDifferent() throws {
    let key = PersonalKey()
    let sealed = try (0..<100).map { _ in try key.seal(Array("same".utf8)[...], as: "path", of: event) }
    #expect(Set(sealed).count == 100)
  }

  @Test func aKeyIsUnwrappedUnderItsSecretForItsAccountOnly() throws {
    let account = UUID.v7()
    let master = try MasterKey(secret: [UInt8](repeating: 1, count: 32))
    let key = PersonalKey()
    let wrapped = try master.wrap(key, of: account)
    #expect(wrapped.count == 60)
    #expect(try master.unwrap(wrapped, of: account).bytes == key.bytes)
    #expect(throws: PersonalKeyError.wrongSecret) { try master.unwrap(wrapped, of: .v7()) }
    let other = try MasterKey(secret: [UInt8](repeating: 2, count: 32))
    #expect(throws: PersonalKeyError.wrongSecret) { try other.unwrap(wrapped, of: account) }
    #expect(throws: PersonalKeyError.secretTooShort(bytes: 31, minimum: 32)) {
      try MasterKey(secret: [UInt8](repeating: 1, count: 31))
    }
  }

  /// Stored rows stay readable for good, so the form is fixed. These files were written by another implementation of AES-GCM.
  @Test(arguments: PersonalEvents.all.map { $0.eventType })
  func whatWasStoredOnceIsStillOpened(type: String) throws {
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures").standardizedFileURL
    var stored = [UInt8](try Data(contentsOf: fixtures.appending(path: "events-stored/\(type).v2.json")))
    let clear = [UInt8](try Data(contentsOf: fixtures.appending(path: "events/\(type).v2.json")))
    let key = PersonalKey(bytes: SymmetricKey(data: (0..<32).map { UInt8($0) }))
    let id = try #require(UUID(uuidString: "0193497e-5f00-7a3c-9c1b-6f1d2e3a4b05"))
    let event = try #require(PersonalEvents.all.first { $0.eventType == type })
    for name in event.personalMembers.keys {
      let text = try #require(PersonalMember(name).text(in: stored))
      stored.replaceSubrange(text, with: try key.open(stored[text], as: name, of: id))
    }
    #expect(String(decoding: stored, as: UTF8.self) == String(decoding: clear, as: UTF8.self))
  }
}
