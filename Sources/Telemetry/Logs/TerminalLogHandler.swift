// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Logging

/// Writes each event as one coloured line for people: `12:00:00 warning server: message  key=value`.
public struct TerminalLogHandler: LogHandler {
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
    var line = "\(Style.faint)\(record.time.formatted(Self.timeStyle))\(Style.plain) "
    line += "\(Style.color(of: record.level))\(record.level.rawValue)\(Style.plain) "
    line += "\(Style.faint)\(record.label):\(Style.plain) \(Self.printable(record.message))"
    // A trace's name is too long to be read, and a request's is the same where nobody chose another.
    for (name, value) in record.identifiers where !["traceId", "spanId"].contains(name) {
      line += " \(Style.faint)\(name)=\(Self.printable(value))\(Style.plain)"
    }
    for (key, value) in record.metadata.sorted(by: { $0.key < $1.key }) {
      line += " \(Style.faint)\(Self.printable(key))=\(Self.printable(value.description))\(Style.plain)"
    }
    sink.write(line + "\n")
  }

  private static let timeStyle = Date.VerbatimFormatStyle(
    format:
      "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
    timeZone: .current, calendar: Calendar(identifier: .gregorian))

  /// What others chose (a path, a header) must not move the cursor or colour the screen.
  private static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
    return text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{fffd}" : String($0) }.joined()
  }

  private enum Style {
    static let plain = "\u{1b}[0m"
    static let faint = "\u{1b}[2m"

    static func color(of level: Logger.Level) -> String {
      switch level {
      case .trace, .debug: "\u{1b}[36m"
      case .info, .notice: "\u{1b}[32m"
      case .warning: "\u{1b}[33m"
      case .error, .critical: "\u{1b}[31m"
      }
    }
  }
}
