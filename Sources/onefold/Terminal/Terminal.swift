// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The person's terminal: progress goes to standard error, results to standard output.
enum Terminal {
  static let isInteractive = isatty(STDERR_FILENO) == 1

  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 100 }
    return Int(size.ws_col)
  }

  /// How wide standard output is; nil when it is no terminal.
  static var outputColumns: Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else {
      return nil
    }
    return Int(size.ws_col)
  }

  static func write(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

  static func writeError(_ text: some StringProtocol) { FileHandle.standardError.write(Data(text.utf8)) }

  /// Whether somebody is there to answer.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 }

  /// Asks for a secret without showing it; nil when there is nobody to ask.
  static func askSecret(_ prompt: String) -> String? {
    guard canAsk else { return nil }
    writeError(prompt)
    var saved = termios()
    guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return nil }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSANOW, &saved)
      writeError("\n")
    }
    return readLine(strippingNewline: true)
  }
}
