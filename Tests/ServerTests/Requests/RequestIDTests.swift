// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Server

struct RequestIDTests {
  @Test(arguments: ["a", "0194-ab_C.d", String(repeating: "x", count: 64)])
  func keepsASaneId(_ header: String) { #expect(RequestID(header: header).description == header) }

  @Test(arguments: [nil, "", "a b", "a\"b", "a\u{0}b", "é", "a/b", String(repeating: "x", count: 65)])
  func makesOneOtherwise(_ header: String?) {
    let id = RequestID(header: header).description
    #expect(id != header)
    #expect(UUID(uuidString: id) != nil)
  }
}
