// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Redis

struct RedisRequestTests {
  @Test func writesEachWordWithItsLength() {
    let request = RedisRequest([["SET", "naïve", .bytes([0, 13, 10, 255])], ["INCRBY", "n", -7]])
    let expected: [UInt8] =
      Array("*3\r\n$3\r\nSET\r\n$6\r\nnaïve\r\n$4\r\n".utf8) + [0, 13, 10, 255]
      + Array("\r\n*3\r\n$6\r\nINCRBY\r\n$1\r\nn\r\n$2\r\n-7\r\n".utf8)
    #expect(request.bytes == expected)
    #expect(request.replies == 2)
  }

  @Test func wordWithLineEndStaysOneWord() {
    let request = RedisRequest([["ECHO", "x\r\n*1\r\n$8\r\nFLUSHALL\r\n"]])
    #expect(String(decoding: request.bytes, as: UTF8.self).hasPrefix("*2\r\n$4\r\nECHO\r\n$21\r\n"))
    #expect(request.replies == 1)
  }
}
