// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A frame that a server sent.
public struct RawFrame: Sendable, Equatable {
  public enum Kind: UInt8, Sendable { case continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 }

  public var kind: Kind
  public var payload: [UInt8]

  public init(kind: Kind, payload: [UInt8]) {
    self.kind = kind
    self.payload = payload
  }

  public var text: String { String(decoding: payload, as: UTF8.self) }

  public var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(payload))) as? [String: Any] ?? [:]
  }

  public var type: String? { json["type"] as? String }
  public var position: Int64? { (json["position"] as? NSNumber)?.int64Value }

  /// Of a Close frame.
  public var code: Int? {
    kind == .close && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
  }
}

extension RawConnection {
  /// Asks for a WebSocket; 101 when it is one now.
  public func openWebSocket(_ target: String, headers: [(String, String)] = []) async throws -> RawResponse {
    let handshake = [
      ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
      ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    try await request("GET", target, headers: handshake + headers)
    return try await response()
  }

  public func sendText(_ text: String) async throws { try await sendFrame(.text, Array(text.utf8)) }

  public func sendFrame(
    _ kind: RawFrame.Kind, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true
  ) async throws {
    let mask: UInt8 = isMasked ? 0x80 : 0
    var frame: [UInt8] = [(isFinal ? 0x80 : 0) | kind.rawValue]
    switch payload.count {
    case ..<126: frame.append(mask | UInt8(payload.count))
    case ..<65536: frame += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default:
      frame.append(mask | 127)
      frame += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> (8 * $0)) }
    }
    guard isMasked else { return try await send(bytes: frame + payload) }
    let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]
    try await send(bytes: frame + key + payload.enumerated().map { $1 ^ key[$0 % 4] })
  }

  /// - Throws: ``Closed`` when the connection ends without another frame.
  public func receiveFrame() async throws -> RawFrame {
    let head = try await receive(2)
    var length = Int(head[1] & 0x7f)
    if length >= 126 {
      length = try await receive(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
    }
    let payload = try await receive(length)
    return RawFrame(kind: RawFrame.Kind(rawValue: head[0] & 15) ?? .binary, payload: payload)
  }

  /// The next event, past heartbeats and pings.
  public func receiveEvent() async throws -> RawFrame {
    while true {
      let frame = try await receiveFrame()
      if frame.kind != .ping && frame.type != "position" { return frame }
    }
  }
}
