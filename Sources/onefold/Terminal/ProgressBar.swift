// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// How far a long piece of work is, with rate and time left: redrawn in place on a terminal, a line now and then elsewhere.
final class ProgressBar: Sendable {
  struct State: Sendable {
    var items = 0
    var bytes: Int64 = 0
    var note = ""
    /// May become known, or grow, on the way.
    var totalItems = 0
  }

  private let title: String
  private let titleWidth: Int
  private let totalBytes: Int64
  private let unit: String
  private let state: Mutex<State>
  private let started = ContinuousClock.now

  /// - Parameter titleWidth: at least; bars under one another begin at the same column.
  init(title: String, titleWidth: Int = 0, totalItems: Int, totalBytes: Int64 = 0, unit: String = "files") {
    self.title = title
    self.titleWidth = titleWidth
    self.totalBytes = totalBytes
    self.unit = unit
    var state = State()
    state.totalItems = totalItems
    self.state = Mutex(state)
  }

  func update(_ change: @Sendable (inout State) -> Void) {
    state.withLock { change(&$0) }
  }

  /// Draws until cancelled, then draws the last state and leaves the line.
  func run() async { await ProgressBars([self]).run() }

  /// Draws a bar while `body` moves it on.
  static func showing<Value: Sendable>(
    _ bar: ProgressBar, _ body: (ProgressBar) async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await bar.run() }
      defer { group.cancelAll() }
      return try await body(bar)
    }
  }

  /// As it is now.
  var line: String { line(state.withLock { $0 }) }

  /// For example `Sending  [#####-----]  51 % · 1,204 of 2,341 files · 213 files/s · 14.2 MB/s · 5 s left`.
  func line(_ state: State, elapsed: Duration? = nil) -> String {
    let seconds = max(0.001, (elapsed ?? started.duration(to: .now)) / .seconds(1))
    // Of files and bytes the one further behind tells the truth about the time left.
    let byItems = state.totalItems == 0 ? 1 : Double(state.items) / Double(state.totalItems)
    let byBytes = totalBytes == 0 ? byItems : Double(state.bytes) / Double(totalBytes)
    let share = min(1, min(byItems, byBytes))
    let width = 20
    let filled = Int(share * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    var parts = [
      title.padding(toLength: max(titleWidth, title.count), withPad: " ", startingAt: 0)
        + "  [\(bar)] \(Int(share * 100)) %",
      "\(Format.count(state.items)) of \(Format.count(state.totalItems)) \(unit)",
      "\(Format.count(Int(Double(state.items) / seconds))) \(unit)/s",
    ]
    if totalBytes > 0 { parts.append("\(Format.bytes(Int64(Double(state.bytes) / seconds)))/s") }
    if share > 0.001, share < 1 { parts.append("\(Format.duration(seconds * (1 - share) / share)) left") }
    if !state.note.isEmpty { parts.append(state.note) }
    return parts.joined(separator: " · ")
  }
}
