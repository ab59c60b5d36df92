// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Redis
import Testing

@testable import Workers

struct JobEntryTests {
  let entry = JobEntry(
    id: .v7(), kind: .analyze, jobClass: .interactive, fileId: .v7(), owner: .v7(), position: Position(42), attempt: 2)

  /// As the relay writes it.
  var relayed: [String: String] {
    [
      "job": entry.id.text, "kind": "analyze", "file": entry.fileId.text, "owner": entry.owner.text, "attempt": "2",
    ]
  }

  @Test func entryOfAClassTakesClassAndPositionFromItsPlace() throws {
    let delivery = Delivery(stream: "jobs:interactive", id: StreamID(milliseconds: 42), fields: relayed)
    #expect(try JobEntry(delivery) == entry)
  }

  @Test func movedEntryCarriesClassAndPosition() throws {
    let fields = Dictionary(uniqueKeysWithValues: entry.fields.map { ($0.key, $0.value) })
    let delivery = Delivery(stream: "jobs:retry", id: StreamID(milliseconds: 1_700_000_000_000), fields: fields)
    #expect(try JobEntry(delivery) == entry)
  }

  @Test func delayedEntryIsJSONWithTheSameFields() throws {
    let object = try JSONDecoder().decode([String: String].self, from: Data(entry.json.utf8))
    #expect(object == Dictionary(uniqueKeysWithValues: entry.fields.map { ($0.key, $0.value) }))
  }

  @Test(arguments: ["job", "kind", "file", "owner", "attempt"])
  func missingOrBrokenFieldIsNamed(field: String) {
    for text in [nil, "", "\u{fffd}", "-"] as [String?] {
      var fields = relayed
      fields[field] = text
      let error = #expect(throws: Undecodable.self) {
        try JobEntry(Delivery(stream: "jobs:bulk", id: StreamID(milliseconds: 1), fields: fields))
      }
      #expect(error?.field == field)
    }
  }

  @Test func urgentClassesComeFirst() {
    #expect(
      JobStreams.byPriority(Set(JobClass.allCases)) == ["jobs:admin", "jobs:interactive", "jobs:retry", "jobs:bulk"])
    #expect(JobStreams.byPriority([.bulk]) == ["jobs:retry", "jobs:bulk"])
  }

  @Test func acknowledgementsOfAStreamTravelTogether() {
    let commands = AcknowledgementBatcher.commands(for: [
      Delivery(stream: "b", id: StreamID(milliseconds: 1), fields: [:]),
      Delivery(stream: "a", id: StreamID(milliseconds: 2), fields: [:]),
      Delivery(stream: "b", id: StreamID(milliseconds: 3), fields: [:]),
    ])
    #expect(
      commands == [
        ["XACK", "a", "workers", "2-0"], ["XDEL", "a", "2-0"],
        ["XACK", "b", "workers", "1-0", "3-0"], ["XDEL", "b", "1-0", "3-0"],
      ])
  }
}
