// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

struct QueryParametersTests {
  @Test func decodesNamesAndValues() throws {
    let query = try QueryParameters("path=a%2Fb+c%20d%2B.txt&class=bulk&empty=&bare&%C3%A9=%F0%9F%98%80")
    #expect(query["path"] == "a/b c d+.txt")
    #expect(query["class"] == "bulk")
    #expect(query["empty"] == "")
    #expect(query["bare"] == "")
    #expect(query["é"] == "😀")
    #expect(query["missing"] == nil)
  }

  @Test(arguments: ["a=%", "a=%2", "a=%zz", "a=%FF", "a=%C3", "a=%ED%A0%80"])
  func refusesWhatIsNotPercentEncodedUTF8(_ text: String) {
    #expect(throws: Problem.self) { try QueryParameters(text) }
  }

  @Test func refusesAParameterGivenTwice() {
    #expect(throws: Problem.invalidRequest("The parameter \"path\" is given twice.")) {
      try QueryParameters("path=a&path=b")
    }
  }

  @Test func readsNumbersWithinTheirRange() throws {
    let query = try QueryParameters("limit=500&big=501&word=ten")
    #expect(try query.integer("limit", in: 1...500) == 500)
    #expect(try query.integer("missing", in: 1...500) == nil)
    #expect(throws: Problem.self) { try query.integer("big", in: 1...500) }
    #expect(throws: Problem.self) { try query.integer("word", in: 1...500) }
  }

  @Test func readsFlags() throws {
    let query = try QueryParameters("yes=true&no=false&odd=1")
    #expect(try query.flag("yes"))
    #expect(try !query.flag("no"))
    #expect(try !query.flag("missing"))
    #expect(throws: Problem.self) { try query.flag("odd") }
  }
}
