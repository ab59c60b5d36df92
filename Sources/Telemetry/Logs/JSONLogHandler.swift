// SPDX-License-Identifier: Apache-2.0

public import Logging

/// Writes each event as one line of JSON:
/// `{"time":…,"level":…,"logger":…,"message":…,"requestId":…,"metadata":{…}}`.
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
    var json = JSONText()
    json.object {
      $0.member("time", record.timestamp)
      $0.member("level", record.level.rawValue)
      $0.member("logger", record.label)
      $0.member("message", record.message)
      if let requestId = record.requestId { $0.member("requestId", requestId) }
      if !record.metadata.isEmpty { $0.member("metadata", .dictionary(record.metadata)) }
    }
    sink.write(json.text + "\n")
  }
}

/// JSON written straight into a string: a log line is too frequent for an encoder and its boxes.
private struct JSONText {
  private(set) var text = ""

  mutating func object(_ members: (inout JSONText) -> Void) {
    text += "{"
    members(&self)
    text += "}"
  }

  mutating func member(_ name: String, _ value: String) { member(name) { $0.string(value) } }

  mutating func member(_ name: String, _ value: Logger.Metadata.Value) { member(name) { $0.value(value) } }

  private mutating func member(_ name: String, _ write: (inout JSONText) -> Void) {
    separate(after: "{")
    string(name)
    text += ":"
    write(&self)
  }

  private mutating func value(_ value: Logger.Metadata.Value) {
    switch value {
    case .string(let text): string(text)
    case .stringConvertible(let object): string(object.description)
    case .dictionary(let members):
      object { json in
        for (name, value) in members.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
      }
    case .array(let values):
      text += "["
      for value in values {
        separate(after: "[")
        self.value(value)
      }
      text += "]"
    }
  }

  private mutating func separate(after opening: Character) {
    if text.last != opening { text += "," }
  }

  private mutating func string(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // Control characters by the rules of JSON; the two line separators because some readers split lines there.
      case "\0"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
