// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import EventStore

struct UpcastersTests {
  private func event(_ type: String, version: Int, _ payload: String) -> RecordedEvent {
    RecordedEvent(
      position: Position(1), version: 1, recordedAt: Date(timeIntervalSince1970: 0), id: .v7(), schemaVersion: version,
      stream: AppendPlanTests.stream, type: type, payload: Array(payload.utf8))
  }

  private let upcasters = Upcasters([
    Upcaster(type: "test.happened", from: 1) { $0["size"] = .integer(0) },
    Upcaster(type: "test.happened", from: 2) { object in
      object["bytes"] = object.removeValue(forKey: "size")
    },
  ])

  @Test func stepsAreChained() throws {
    var event = event("test.happened", version: 1, #"{"path":"a/b","n":9007199254740993}"#)
    try upcasters.apply(to: &event)
    #expect(event.schemaVersion == 3)
    #expect(String(decoding: event.payload, as: UTF8.self) == #"{"bytes":0,"n":9007199254740993,"path":"a/b"}"#)
  }

  @Test func startsAtTheVersionOfTheEvent() throws {
    var event = event("test.happened", version: 2, #"{"size":5}"#)
    try upcasters.apply(to: &event)
    #expect(event.schemaVersion == 3)
    #expect(String(decoding: event.payload, as: UTF8.self) == #"{"bytes":5}"#)
  }

  @Test func leavesCurrentAndUnknownEventsAlone() throws {
    for untouched in [event("test.happened", version: 3, "{}"), event("test.other", version: 1, "{}")] {
      var event = untouched
      try upcasters.apply(to: &event)
      #expect(event == untouched)
    }
  }

  @Test func aStepThatFailsNamesTheEvent() {
    var event = event("test.happened", version: 1, "[]")
    #expect { try upcasters.apply(to: &event) } throws: { error in
      (error as? EventDecodingError)?.position == Position(1)
    }
    #expect(event.schemaVersion == 1)
  }
}
