// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Telemetry

/// What names one request in its answer, in problem documents and in the log.
struct RequestID: Hashable, Sendable, CustomStringConvertible {
  let description: String

  /// Takes the sender's id when it is safe to repeat in headers and log lines, and the name of the trace otherwise.
  init(header: String?, trace: UUID = .v7()) {
    if let header, Self.isSafe(header) {
      description = header
    } else {
      description = trace.text
    }
  }

  /// What the trace is called that begins with this request; nil for a sender's id of another form.
  var uuid: UUID? { UUID(uuidString: description) ?? UUID(traceHex: description) }

  private static func isSafe(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122: true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }
}
