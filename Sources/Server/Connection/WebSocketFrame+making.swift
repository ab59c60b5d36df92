// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOWebSocket

extension WebSocketFrame {
  /// A Close frame with a code and, cut to what a control frame can hold, a reason.
  static func close(_ code: WebSocketErrorCode, reason: String = "") -> WebSocketFrame {
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    var reason = reason
    while reason.utf8.count > 123 { reason.removeLast() }
    data.writeString(reason)
    return WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
  }

  static func text(_ text: String) -> WebSocketFrame {
    WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
  }
}
