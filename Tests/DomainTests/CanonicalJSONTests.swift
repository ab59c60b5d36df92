// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import TestSupport
import Testing

struct CanonicalJSONTests {
  private func text(_ value: some Encodable) throws -> String {
    String(decoding: try CanonicalJSON.encode(value), as: UTF8.self)
  }

  @Test func keysAreSortedWithoutWhiteSpace() throws {
    #expect(try text(["b": 1, "a": 2, "aa": 3, "B": 4]) == #"{"B":4,"a":2,"aa":3,"b":1}"#)
  }

  @Test func onlyWhatJSONDemandsIsEscaped() throws {
    #expect(
      try text("a/\"b\\\u{1}\u{8}\t\n\u{c}\r\u{7f}é🙂\u{2028}") == #""a/\"b\\\u0001\b\t\n\f\r"# + "\u{7f}é🙂\u{2028}\"")
  }

  @Test func identifiersAreLowerCaseAtAnyDepth() throws {
    let id = UUID()
    #expect(try text([["id": id]]) == #"[{"id":"\#(id.uuidString.lowercased())"}]"#)
    #expect(try text(id) == "\"\(id.text)\"")
  }

  @Test func emptyContainersKeepTheirKind() throws {
    #expect(try text([Int]()) == "[]")
    #expect(try text([String: Int]()) == "{}")
    #expect(try text(["a": [Int?.none, 1]]) == #"{"a":[null,1]}"#)
  }

  @Test func numbersReachTheEndsOfTheirRange() throws {
    #expect(try text([Int64.min, Int64.max]) == "[-9223372036854775808,9223372036854775807]")
    #expect(try text([UInt64.max]) == "[18446744073709551615]")
    #expect(try text([0.1, 1e-7, -0.5]) == "[0.1,1e-07,-0.5]")
  }

  @Test(arguments: [Double.infinity, -.infinity, .nan])
  func whatJSONCannotHoldIsRefused(number: Double) {
    #expect(throws: EncodingError.self) { try CanonicalJSON.encode([number]) }
  }

  @Test func whatIsWrittenIsReadBackWhateverTheTextHolds() throws {
    var random = SeededGenerator.printed()
    for _ in 0..<500 {
      let scalars = (0..<Int.random(in: 0..<24, using: &random)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...0x10ffff, using: &random))
      }
      let original = String(String.UnicodeScalarView(scalars))
      let read = try CanonicalJSON.decode([String: String].self, from: CanonicalJSON.encode([original: original]))
      #expect(Array(read.values.first?.utf8 ?? "".utf8) == Array(original.utf8))
    }
  }
}
