// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Postgres

@Suite("Query")
struct QueryTests {
  @Test func interpolatedValuesBecomeParameters() {
    let id = UUID(), name = "'; DROP TABLE file; --"
    let query: Query = "SELECT 1 FROM file WHERE id = \(id) AND path = \(name) AND size = ANY(\([1, 2]))"
    #expect(query.text == "SELECT 1 FROM file WHERE id = $1 AND path = $2 AND size = ANY($3)")
    #expect(query.parameters.map(\.type) == [.uuid, .text, .int8Array])
  }

  @Test func textDoesNotDependOnTheValues() {
    func find(_ path: String, _ limit: Int) -> Query { "SELECT id FROM file WHERE path = \(path) LIMIT \(limit)" }
    #expect(find("a", 1).text == find("$1'\"", 1_000_000).text)
  }

  @Test func literalAloneHasNoParameters() {
    let query: Query = "SELECT 1"
    #expect(query.text == "SELECT 1")
    #expect(query.parameters.isEmpty)
  }

  @Test func eachParameterKnowsItsBytes() {
    let nothing: String? = nil
    let query: Query = "\("ab") \(nothing) \("") \(Int16(-2))"
    #expect(query.text == "$1 $2 $3 $4")
    #expect(query.parameters.map(\.byteCount) == [2, nil, 0, 2])
    #expect(query.parameters.map(\.offset) == [0, 2, 2, 2])
    #expect(query.arena == [UInt8(ascii: "a"), UInt8(ascii: "b"), 0xff, 0xfe])
  }

  @Test func typeOfNullIsThatOfTheSwiftType() {
    let query: Query = "\(Int?.none) \([UUID]?.none) \([UInt8]?.none)"
    #expect(query.parameters.map(\.type) == [.int8, .uuidArray, .bytea])
    #expect(query.parameters.allSatisfy { $0.byteCount == nil })
  }

  @Test func identifiersAreQuoted() {
    let query: Query = "SELECT * FROM \(identifier: "files_next").\(identifier: #"o"dd; x"#)"
    #expect(query.text == #"SELECT * FROM "files_next"."o""dd; x""#)
    #expect(query.parameters.isEmpty)
  }

  @Test func constantFragmentsAreKeptAsTheyAre() {
    let order: StaticString = "ORDER BY id DESC"
    let query: Query = "SELECT id FROM file WHERE id > \(5) \(unescaped: order)"
    #expect(query.text == "SELECT id FROM file WHERE id > $1 ORDER BY id DESC")
  }

  @Test func partsBringTheirValuesAlong() {
    let part: Query = "owner = \("o") AND size > \(Int16(3))"
    let query: Query = "SELECT \("a") WHERE \(part) OR \(part) LIMIT \(Int16(9))"
    #expect(query.text == "SELECT $1 WHERE owner = $2 AND size > $3 OR owner = $4 AND size > $5 LIMIT $6")
    #expect(query.parameters.map(\.offset) == [0, 1, 2, 4, 5, 7])
    #expect(query.arena == [97, 111, 0, 3, 111, 0, 3, 0, 9])
  }

  @Test func aDollarThatNamesNoParameterIsLeftAlone() {
    let part: Query = "path ~ 'a$' AND price = '$' AND id = \(1)"
    #expect(("\(2) \(part)" as Query).text == "$1 path ~ 'a$' AND price = '$' AND id = $2")
  }
}
