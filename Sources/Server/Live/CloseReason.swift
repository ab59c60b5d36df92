// SPDX-License-Identifier: Apache-2.0

import NIOWebSocket

/// Why a WebSocket is closed: a code for programs, a sentence for people. The codes are listed in docs/openapi.yaml.
struct CloseReason: Error, Equatable {
  let code: Int
  let detail: String

  var errorCode: WebSocketErrorCode { WebSocketErrorCode(codeNumber: code) }

  static func unauthenticated(_ detail: String) -> CloseReason { CloseReason(code: 4401, detail: detail) }
  static func protocolError(_ detail: String) -> CloseReason { CloseReason(code: 1002, detail: detail) }
  static func unacceptable(_ detail: String) -> CloseReason { CloseReason(code: 1003, detail: detail) }
  static let invalidText = CloseReason(code: 1007, detail: "A text message is not UTF-8.")
  static func unexpected(_ detail: String) -> CloseReason { CloseReason(code: 1008, detail: detail) }
  static func tooLarge(limit: Int) -> CloseReason {
    CloseReason(code: 1009, detail: "A message may have at most \(limit) bytes.")
  }
  static let serverError = CloseReason(code: 1011, detail: "The server could not go on; come back.")
  static let tooSlow = CloseReason(code: 1013, detail: "The client reads too slowly; come back with \"after\".")
}
