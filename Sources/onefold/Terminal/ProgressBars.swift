// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Several progress bars under one another, redrawn in place on a terminal; elsewhere a line each now and then.
struct ProgressBars: Sendable {
  private let bars: [ProgressBar]

  init(_ bars: [ProgressBar]) { self.bars = bars }

  /// Draws until cancelled, then draws the last state and leaves the lines.
  func run() async {
    let interval: Duration = Terminal.isInteractive ? .milliseconds(200) : .seconds(5)
    while true {
      do { try await Task.sleep(for: interval) } catch { break }
      draw(isLast: false)
    }
    draw(isLast: true)
  }

  private func draw(isLast: Bool) {
    guard Terminal.isInteractive else { return Terminal.writeError(bars.map { $0.line + "\n" }.joined()) }
    let lines = bars.map { "\r\u{1b}[2K" + $0.line.prefix(Terminal.columns - 1) }
    // Back to the first line, unless the lines are to stay.
    let end = isLast ? "\n" : bars.count > 1 ? "\u{1b}[\(bars.count - 1)A" : ""
    Terminal.writeError(lines.joined(separator: "\n") + end)
  }
}
