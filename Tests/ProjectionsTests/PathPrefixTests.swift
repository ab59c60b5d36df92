// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Projections

struct PathPrefixTests {
  @Test func upperEndIsTheNextTextThatDoesNotBeginSo() {
    #expect(PathPrefix("a/b").upper == "a/c")
    #expect(PathPrefix("a/").upper == "a0")
    #expect(PathPrefix("z\u{10ffff}").upper == "{")
    #expect(PathPrefix("\u{d7ff}").upper == "\u{e000}")
    #expect(PathPrefix("").upper == nil)
    #expect(PathPrefix("\u{10ffff}\u{10ffff}").upper == nil)
  }

  /// In the order of bytes, which is that of the column.
  @Test func rangeHoldsExactlyThePathsThatBeginSo() {
    let pieces = [
      "", "a", "b", "/", "ü", "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}",
      "\u{10ffff}",
    ]
    let paths = pieces.flatMap { first in pieces.map { first + $0 } }
    for prefix in paths {
      let range = PathPrefix(prefix)
      for path in paths {
        let isInRange =
          !path.utf8.lexicographicallyPrecedes(range.lower.utf8)
          && (range.upper.map { path.utf8.lexicographicallyPrecedes($0.utf8) } ?? true)
        #expect(
          isInRange == path.utf8.starts(with: prefix.utf8), "\(path.debugDescription) and \(prefix.debugDescription)")
      }
    }
  }
}
