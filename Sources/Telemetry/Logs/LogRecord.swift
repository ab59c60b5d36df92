// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Tracing

/// What both handlers show of an event: metadata of logger, provider and call put together, secrets left out.
struct LogRecord {
  let time: Date
  let level: Logger.Level
  let label: String
  let message: String
  /// Of the HTTP request that caused this, if one did.
  let requestId: String?
  /// Who asked for what happened.
  let userId: String?
  /// The event that it is about.
  let eventId: String?
  /// In which trace it happened.
  let trace: TraceContext?
  let metadata: Logger.Metadata

  init(
    _ event: LogEvent, label: String, metadata: Logger.Metadata, provider: Logger.MetadataProvider?, time: Date = Date()
  ) {
    var all = metadata
    if let provided = provider?.get() { all.merge(provided) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    if let error = event.error, all["error"] == nil { all["error"] = "\(String(describing: error))" }
    self.time = time
    self.label = label
    level = event.level
    message = event.message.description
    // Hummingbird's name for it, and ours.
    requestId = (all.removeValue(forKey: "hb.request.id") ?? all.removeValue(forKey: "requestId"))?.description
    userId = all.removeValue(forKey: "userId")?.description
    eventId = all.removeValue(forKey: "eventId")?.description
    trace = InstrumentationContext.current?.trace
    self.metadata = Self.withoutSecrets(all)
  }

  /// What leads from a line to others about the same: names and values, in the order in which they are written.
  var identifiers: [(name: String, value: String)] {
    let all = [
      ("traceId", trace?.traceID.traceHex), ("spanId", trace?.spanID?.description), ("requestId", requestId),
      ("userId", userId), ("eventId", eventId),
    ]
    return all.compactMap { name, value in value.map { (name, $0) } }
  }

  /// 2026-01-31T12:00:00.000Z
  var timestamp: String { time.formatted(Self.timeStyle) }

  private static let timeStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  /// A second line of defence: no call should pass a secret, and if one does, it is not written down.
  private static func withoutSecrets(_ metadata: Logger.Metadata) -> Logger.Metadata {
    var metadata = metadata
    for (key, value) in metadata {
      if isSecret(key) {
        metadata[key] = "[hidden]"
      } else if case .dictionary(let inner) = value {
        metadata[key] = .dictionary(withoutSecrets(inner))
      }
    }
    return metadata
  }

  private static func isSecret(_ key: String) -> Bool {
    let key = key.lowercased()
    return ["password", "secret", "token", "authorization", "cookie"].contains { key.contains($0) }
  }
}
