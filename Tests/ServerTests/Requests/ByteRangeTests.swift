// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

struct ByteRangeTests {
  @Test(
    arguments: [
      ("bytes=0-499", 0..<500), ("bytes=500-999", 500..<1000), ("bytes=9500-", 9500..<10000),
      ("bytes=-500", 9500..<10000), ("bytes=0-0", 0..<1), ("bytes=9999-", 9999..<10000),
      ("bytes=0-10000000", 0..<10000), ("bytes=-20000", 0..<10000), ("Bytes=1-2", 1..<3), ("bytes= 1 - 2 ", 1..<3),
      ("bytes=0-99999999999999999999999", 0..<10000),
    ] as [(String, Range<Int64>)])
  func selectsAPart(_ header: String, _ part: Range<Int64>) {
    #expect(ByteRange(header, size: 10000) == .part(part))
  }

  @Test(arguments: [
    nil, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4", "bytes=+1-2", "lines=1-2",
    "bytes=1-2-3", "bytes=-1-2",
  ])
  func servesTheWholeForWhatItDoesNotUnderstand(_ header: String?) {
    #expect(ByteRange(header, size: 10000) == .whole)
  }

  @Test(arguments: ["bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=99999999999999999999999-"])
  func refusesARangePastTheEnd(_ header: String) {
    #expect(ByteRange(header, size: 10000) == .unsatisfiable)
  }

  @Test(arguments: ["bytes=0-", "bytes=-1", "bytes=0-0"])
  func findsNothingInAnEmptyContent(_ header: String) {
    #expect(ByteRange(header, size: 0) == .unsatisfiable)
  }
}
