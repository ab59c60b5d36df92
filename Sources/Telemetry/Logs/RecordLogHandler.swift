// SPDX-License-Identifier: Apache-2.0

import Logging

/// Hands on each event as a record, for those who send it elsewhere.
struct RecordLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let accept: @Sendable (LogRecord) -> Void

  init(label: String, level: Logger.Level, accept: @escaping @Sendable (LogRecord) -> Void) {
    self.label = label
    self.accept = accept
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    accept(LogRecord(event, label: label, metadata: metadata, provider: metadataProvider))
  }
}
