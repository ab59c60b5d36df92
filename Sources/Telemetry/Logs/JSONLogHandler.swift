// SPDX-License-Identifier: Apache-2.0

public import Logging

/// Writes each event as one line of JSON:
/// `{"time":…,"level":…,"logger":…,"message":…,"traceId":…,"spanId":…,"requestId":…,"userId":…,"eventId":…,"metadata":{…}}`.
public struct JSONLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let sink: LogSink

  public init(
    label: String, level: Logger.Level = .info, metadataProvider: Logger.MetadataProvider? = nil, sink: LogSink
  ) {
    self.label = label
    self.sink = sink
    logLevel = level
    self.metadataProvider = metadataProvider
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let record = LogRecord(event, label: label, metadata: metadata, provider: metadataProvider)
    let text = JSONText.object {
      $0.member("time", record.timestamp)
      $0.member("level", record.level.rawValue)
      $0.member("logger", record.label)
      $0.member("message", record.message)
      for (name, value) in record.identifiers { $0.member(name, value) }
      if !record.metadata.isEmpty { $0.member("metadata", .dictionary(record.metadata)) }
    }
    sink.write(text + "\n")
  }
}
