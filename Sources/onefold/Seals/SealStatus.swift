// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation

/// How far the log is sealed, in a line for people.
struct SealStatus {
  /// An event that has waited this long, in seconds, should have been sealed, whatever the settings.
  private static let patience = 600.0

  let head: Position
  let last: Seal?
  /// The first event that no seal covers.
  let waitingSince: Date?

  static func read(_ connections: Connections) async throws -> SealStatus {
    let last = try await SealTable.last(in: connections.pool)
    let next = try await connections.log.read(after: last?.last ?? .start, limit: 1).first
    return SealStatus(head: try await connections.log.head(), last: last, waitingSince: next?.recordedAt)
  }

  var description: String {
    let unsealed = max(0, head.rawValue - (last?.last.rawValue ?? 0))
    let age = waitingSince.map { Date().timeIntervalSince($0) } ?? 0
    var text = last.map { "position \(Format.count(Int($0.last.rawValue)))" } ?? "none"
    text += unsealed == 0 ? ", up to date" : ", \(Format.count(Int(unsealed))) events not sealed yet"
    if age > Self.patience {
      text += " · NOT SEALING for \(Format.duration(age)): does a sealer with a key run?"
    }
    return text
  }
}
