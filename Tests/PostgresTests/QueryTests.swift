// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import Testing

@Suite("Query")
struct QueryTests {
  @Test func interpolatedValuesBecomeParameters() {
    let id = UUID(), name = "'; DROP TABLE file; --"
    let query: Query = "SELECT 1 FROM file WHERE id = \(id) AND path = \(name) AND size = ANY(\([1, 2]))"
    #expect(query.text == "SELECT 1 FROM file WHERE id = $1 AND path = $2 AND size = ANY($3)")
    #expect(query.parameters.map(\.type) == [.uuid, .text, .int8Array])
  }
}
