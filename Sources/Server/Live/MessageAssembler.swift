// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOWebSocket

/// Puts a client's frames together into messages, and refuses what RFC 6455 refuses.
struct MessageAssembler {
  enum Message: Equatable {
    case text(String)
    case binary(bytes: Int)
    case ping(ByteBuffer)
    case pong
    case close(ByteBuffer)
  }

  let maxBytes: Int
  private var fragments: (opcode: WebSocketOpcode, data: ByteBuffer)?

  /// - Parameter maxBytes: of a whole message, however many frames it comes in.
  init(maxBytes: Int) { self.maxBytes = maxBytes }

  /// - Returns: nil while a message is not whole.
  /// - Throws: ``CloseReason`` for what ends the connection.
  mutating func add(_ frame: WebSocketFrame) throws(CloseReason) -> Message? {
    guard frame.maskKey != nil else { throw .protocolError("A client's frame must be masked.") }
    guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { throw .protocolError("No extension was agreed on.") }
    switch frame.opcode {
    case .ping: return .ping(try control(frame))
    case .pong:
      _ = try control(frame)
      return .pong
    case .connectionClose: return .close(try control(frame))
    case .text, .binary:
      guard fragments == nil else { throw .protocolError("A message began inside another.") }
      return try gather(frame.opcode, ByteBuffer(), frame)
    case .continuation:
      guard let (opcode, data) = fragments else { throw .protocolError("A message must begin with its type.") }
      return try gather(opcode, data, frame)
    default:
      throw .protocolError("The frame's type is not known.")
    }
  }

  private mutating func gather(
    _ opcode: WebSocketOpcode, _ data: ByteBuffer, _ frame: WebSocketFrame
  ) throws(CloseReason) -> Message? {
    var data = data
    var payload = frame.unmaskedData
    guard data.readableBytes + payload.readableBytes <= maxBytes else { throw .tooLarge(limit: maxBytes) }
    data.writeBuffer(&payload)
    guard frame.fin else {
      fragments = (opcode, data)
      return nil
    }
    fragments = nil
    guard opcode == .text else { return .binary(bytes: data.readableBytes) }
    guard let text = String(validating: data.readableBytesView, as: UTF8.self) else { throw .invalidText }
    return .text(text)
  }

  private func control(_ frame: WebSocketFrame) throws(CloseReason) -> ByteBuffer {
    guard frame.fin, frame.unmaskedData.readableBytes <= 125 else {
      throw .protocolError("A control frame is whole and has at most 125 bytes.")
    }
    return frame.unmaskedData
  }
}
