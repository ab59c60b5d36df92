// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Testing

@testable import Projections

struct ListCursorTests {
  @Test func cursorComesBackAsItWent() throws {
    let cursor = PathCursor(path: "a/ü \"b\"\u{10ffff}", position: Position(.max))
    #expect(try PathCursor(cursor.text) == cursor)
    let group = GroupCursor(reclaimable: 0, id: UUID())
    #expect(try GroupCursor(group.text) == group)
  }

  @Test func textIsSafeInAURL() {
    for length in 0..<40 {
      let text = PathCursor(path: String(repeating: "\u{3ffff}?", count: length), position: Position(1)).text
      #expect(
        text.utf8.allSatisfy { "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8.contains($0) })
    }
  }

  @Test(arguments: ["", "x", "next", "e30", "====", "\u{0}", String(repeating: "A", count: 10_000)])
  func otherTextIsRefused(text: String) {
    #expect(throws: InvalidCursor(list: "files")) { try PathCursor(text) }
  }

  @Test func cursorOfAnotherListIsRefused() {
    let other = JobCursor(position: Position(3)).text
    #expect(throws: InvalidCursor(list: "files")) { try PathCursor(other) }
    // The same members, and still another list.
    let accounts = AccountCursor(microseconds: 1, id: UUID()).text
    #expect(throws: InvalidCursor(list: "duplicates")) { try GroupCursor(accounts) }
  }

  @Test func aPageTellsWhetherThereIsMore() throws {
    let full = Page([1, 2, 3], limit: 2) { JobCursor(position: Position(Int64($0))) }
    #expect(full.items == [1, 2])
    #expect(try full.next.cursor(JobCursor.self) == JobCursor(position: Position(2)))
    let last = Page([1, 2], limit: 2) { JobCursor(position: Position(Int64($0))) }
    #expect(last == Page(items: [1, 2], next: nil))
  }
}
