// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Testing

@testable import Server

struct LiveEventTests {
  @Test func carriesThePayloadAsTheLogHasIt() throws {
    let payload = #"{"fileId":"0190","path":"a \"b\"/é.txt"}"#
    let event = LiveEvent(
      RecordedEvent(
        position: Position(42), version: 1, recordedAt: Date(timeIntervalSince1970: 1.5), id: UUID(), schemaVersion: 1,
        stream: StreamName(category: "file", id: "a"), type: "file.uploaded", payload: Array(payload.utf8)))
    #expect(
      event.text
        == #"{"type":"file.uploaded","position":42,"at":"1970-01-01T00:00:01.500Z","data":\#(payload)}"#)
    #expect((try JSONSerialization.jsonObject(with: Data(event.text.utf8))) is [String: Any])
  }

  @Test func escapesWhatAnErrorSays() {
    #expect(LiveMessage.error("a \"b\"\n").contains(#""a \"b\"\n""#))
  }
}
