// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOWebSocket
import Testing

@testable import Server

struct MessageAssemblerTests {
  private var assembler = MessageAssembler(maxBytes: 16)

  private func frame(
    _ opcode: WebSocketOpcode, _ text: String = "", fin: Bool = true, masked: Bool = true, rsv1: Bool = false
  ) -> WebSocketFrame {
    let key: WebSocketMaskingKey? = masked ? [1, 2, 3, 4] : nil
    var data = ByteBuffer(string: text)
    if let key { data.webSocketMask(key) }
    return WebSocketFrame(fin: fin, rsv1: rsv1, opcode: opcode, maskKey: key, data: data)
  }

  @Test mutating func takesAWholeMessage() throws {
    #expect(try assembler.add(frame(.text, "hello")) == .text("hello"))
    #expect(try assembler.add(frame(.binary, "hello")) == .binary(bytes: 5))
  }

  @Test mutating func joinsFragmentsAroundAPing() throws {
    #expect(try assembler.add(frame(.text, "hel", fin: false)) == nil)
    #expect(try assembler.add(frame(.ping, "?")) == .ping(ByteBuffer(string: "?")))
    #expect(try assembler.add(frame(.continuation, "l", fin: false)) == nil)
    #expect(try assembler.add(frame(.continuation, "o")) == .text("hello"))
    #expect(try assembler.add(frame(.text, "next")) == .text("next"))
  }

  @Test mutating func refusesAMessageThatIsTooLarge() {
    #expect(throws: CloseReason.tooLarge(limit: 16)) {
      try assembler.add(frame(.text, String(repeating: "x", count: 17)))
    }
  }

  @Test mutating func refusesFragmentsThatAreTooLargeTogether() throws {
    #expect(try assembler.add(frame(.text, "12345678", fin: false)) == nil)
    #expect(try assembler.add(frame(.continuation, "12345678", fin: false)) == nil)
    #expect(throws: CloseReason.tooLarge(limit: 16)) { try assembler.add(frame(.continuation, "1")) }
  }

  @Test mutating func refusesWhatTheProtocolForbids() throws {
    for bad in [
      frame(.text, "x", masked: false), frame(.text, "x", rsv1: true), frame(.continuation, "x"),
      frame(.ping, fin: false), frame(WebSocketOpcode(encodedWebSocketOpcode: 3)!, "x"),
    ] {
      let reason = #expect(throws: CloseReason.self) { try assembler.add(bad) }
      #expect(reason?.code == 1002)
    }
    _ = try assembler.add(frame(.text, "x", fin: false))
    let reason = #expect(throws: CloseReason.self) { try assembler.add(frame(.text, "y")) }
    #expect(reason?.code == 1002)
  }

  @Test mutating func refusesTextThatIsNotUTF8() {
    var data = ByteBuffer(bytes: [0xff, 0xfe])
    data.webSocketMask([1, 2, 3, 4])
    let broken = WebSocketFrame(fin: true, opcode: .text, maskKey: [1, 2, 3, 4], data: data)
    #expect(throws: CloseReason.invalidText) { try assembler.add(broken) }
  }
}
