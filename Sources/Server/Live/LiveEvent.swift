// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import NIOCore
import Projections

/// A message to a client, as text. An event is written once, however many clients it goes to.
struct LiveEvent: Equatable, Sendable {
  let position: Position
  let text: String
  /// Nothing is shown to this owner after it.
  let endsAccount: Bool

  init(_ event: RecordedEvent) {
    position = event.position
    endsAccount = [AccountDisabled.eventType, AccountErased.eventType].contains(event.type)
    // The payload is JSON already, and is sent as the log has it.
    let payload = String(decoding: event.payload, as: UTF8.self)
    text =
      #"{"type":"\#(event.type)","position":\#(event.position),"at":"\#(event.recordedAt.rfc3339)","data":\#(payload)}"#
  }
}

/// The messages of the server that are not events.
enum LiveMessage {
  static func ready(_ position: Position) -> String { #"{"type":"ready","position":\#(position)}"# }

  static func position(_ position: Position) -> String { #"{"type":"position","position":\#(position)}"# }

  /// For administrators.
  static func rebuildProgress(_ status: RebuildStatus) -> String {
    struct Body: Encodable {
      let type = "rebuildProgress"
      let projection: String
      let rebuild: RebuildBody
    }
    return text(Body(projection: status.projection, rebuild: RebuildBody(status))) ?? #"{"type":"rebuildProgress"}"#
  }

  static func error(_ detail: String) -> String {
    struct Body: Encodable {
      let type = "error"
      let detail: String
    }
    return text(Body(detail: detail)) ?? #"{"type":"error"}"#
  }

  private static func text(_ body: some Encodable) -> String? {
    (try? JSON.encode(body)).map { String(decoding: $0.readableBytesView, as: UTF8.self) }
  }
}
