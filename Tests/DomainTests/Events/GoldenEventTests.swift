// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

/// The log keeps what was once written for good, so each version of each event stays readable, byte for byte as it was.
struct GoldenEventTests {
  static let package = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let fixtures = package.appending(path: "Tests/Fixtures/events")

  @Test(arguments: EventSamples.all.indices)
  func everyEventIsWrittenAsItsGoldenFile(index: Int) throws {
    let event = EventSamples.all[index]
    let golden = try golden(type(of: event))
    let written = try CanonicalJSON.encode(event)
    #expect(String(decoding: written, as: UTF8.self) == String(decoding: golden, as: UTF8.self))
  }

  /// Today's version, and those before it that are read alike.
  @Test(arguments: EventSamples.all.indices)
  func everyGoldenFileIsReadAsItsEvent(index: Int) throws {
    func check<Event: DomainEvent>(_ event: Event) throws {
      for version in Event.alikeSince...Event.schemaVersion {
        let golden = try golden(Event.self, version: version)
        #expect(try CanonicalJSON.decode(Event.self, from: golden) == event, "version \(version)")
      }
    }
    try check(EventSamples.all[index])
  }

  @Test func thePersonalEventsAreThoseWithPersonalMembersAllOfThemTexts() throws {
    let personal = EventSamples.all.filter { !type(of: $0).personalMembers.isEmpty }
    #expect(Set(personal.map { type(of: $0).eventType }) == Set(PersonalEvents.all.map { $0.eventType }))
    for event in personal {
      let members = try JSONSerialization.jsonObject(with: Data(CanonicalJSON.encode(event))) as? [String: Any]
      for name in type(of: event).personalMembers.keys { #expect(members?[name] is String, "\(name)") }
    }
  }

  @Test func everyEventInTheSourcesHasAGoldenFileOfItsVersion() throws {
    let sources = Self.package.appending(path: "Sources/Domain/Events")
    var declared: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil) {
      let text = try String(contentsOf: file, encoding: .utf8)
      declared.formUnion(text.matches(of: /static let eventType = "([^"]+)"/).map { String($0.output.1) })
    }
    let sampled = EventSamples.all.map { type(of: $0) }
    #expect(Set(sampled.map { $0.eventType }) == declared)
    #expect(declared.count == sampled.count)
    #expect(Set(EventCatalog.all.map { $0.eventType }) == declared)

    let files = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures.path())
    #expect(Set(files).isSuperset(of: sampled.map { "\($0.eventType).v\($0.schemaVersion).json" }))
  }

  @Test func categoriesReadTheirOwnEventsAndNoOthers() throws {
    for event in EventSamples.all {
      let type = type(of: event)
      let payload = try CanonicalJSON.encode(event)
      let account = try AccountEvent(type: type.eventType, payload: payload)
      let file = try FileEvent(type: type.eventType, payload: payload)
      #expect((account != nil) == type.eventType.hasPrefix("account."))
      #expect((file != nil) == type.eventType.hasPrefix("file."))
      if let read = account?.payload ?? file?.payload { #expect(try CanonicalJSON.encode(read) == payload) }
    }
  }

  @Test func absentOptionalsLeaveNoKey() throws {
    let file = FileTrashed(fileId: EventSamples.file, reason: .deleted)
    let written = try CanonicalJSON.encode(file)
    #expect(
      String(decoding: written, as: UTF8.self)
        == #"{"fileId":"0193497e-5f00-7a3c-9c1b-6f1d2e3a4b02","reason":"deleted"}"#)
    #expect(try CanonicalJSON.decode(FileTrashed.self, from: written) == file)
  }

  private func golden(_ type: any DomainEvent.Type, version: Int? = nil) throws -> [UInt8] {
    let name = "\(type.eventType).v\(version ?? type.schemaVersion).json"
    return [UInt8](try Data(contentsOf: Self.fixtures.appending(path: name)))
  }
}
