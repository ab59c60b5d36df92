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
  public func bootstrap(level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil) {
    let sink = LogSink.standardOutput
    let forPeople = self == .terminal || (self == .automatic && isatty(STDOUT_FILENO) == 1)
    LoggingSystem.bootstrap(
      { label, provider in
        if forPeople {
          TerminalLogHandler(label: label, level: level, metadataProvider: provider, sink: sink)
        } else {
          JSONLogHandler(label: label, level: level, metadataProvider: provider, sink: sink)
        }
      }, metadataProvider: metadataProvider)
  }
}
