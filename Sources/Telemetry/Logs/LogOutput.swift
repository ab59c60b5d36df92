// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Logging

/// How log lines look.
public enum LogOutput: String, Sendable, CaseIterable {
  /// ``terminal`` when standard output is one, ``json`` otherwise.
  case automatic
  /// One JSON object a line, for programs.
  case json
  /// Coloured lines, for people.
  case terminal

  /// Sends the logs of the whole process to standard output. Once, before the first logger is made.
  ///
  /// - Parameter export: takes them too, if it sends logs.
  public func bootstrap(level: Logger.Level, export: TelemetryExport? = nil) {
    let sink = LogSink.standardOutput
    let forPeople = self == .terminal || (self == .automatic && isatty(STDOUT_FILENO) == 1)
    LoggingSystem.bootstrap { label in
      let local: any LogHandler =
        forPeople
        ? TerminalLogHandler(label: label, level: level, sink: sink)
        : JSONLogHandler(label: label, level: level, sink: sink)
      guard let remote = export?.logHandler(label: label, level: level) else { return local }
      return MultiplexLogHandler([local, remote])
    }
  }
}
