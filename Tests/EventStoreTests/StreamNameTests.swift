// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import EventStore

struct StreamNameTests {
  @Test func readsWhatItWrites() throws {
    let id = UUID.v7()
    let name = StreamName(category: "file", id: id)
    #expect(name.description == "file-\(id.uuidString.lowercased())")
    #expect(StreamName(name.description) == name)
    #expect(name.category == "file")
    #expect(name.id == id.uuidString.lowercased())
  }

  @Test(arguments: ["", "file", "-x", "file-", "File-x", "fi_le-x", "9-x"])
  func refusesWhatIsNoName(text: String) {
    #expect(StreamName(text) == nil)
  }

  @Test func theIdMayHaveDashes() throws {
    let name = try #require(StreamName("content-a-b"))
    #expect(name.category == "content")
    #expect(name.id == "a-b")
  }
}
