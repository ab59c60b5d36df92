// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One thing that the doctor looked at.
struct Finding: Encodable, Sendable, Equatable {
  enum Verdict: String, Encodable, Sendable {
    case ok
    /// It works, and somebody should think about it.
    case note
    /// It does not work, or is about to lose something.
    case fail
  }

  /// What it belongs to: `postgres`, `redis`, …
  let area: String
  let verdict: Verdict
  let text: String
  /// What to do about it; nil where nothing is to be done.
  let advice: String?

  static func ok(_ area: String, _ text: String) -> Finding {
    Finding(area: area, verdict: .ok, text: text, advice: nil)
  }

  static func note(_ area: String, _ text: String, _ advice: String) -> Finding {
    Finding(area: area, verdict: .note, text: text, advice: advice)
  }

  static func fail(_ area: String, _ text: String, _ advice: String) -> Finding {
    Finding(area: area, verdict: .fail, text: text, advice: advice)
  }

  var line: String {
    let mark =
      switch verdict {
      case .ok: "ok  "
      case .note: "note"
      case .fail: "FAIL"
      }
    let padded = area.padding(toLength: max(area.count, 11), withPad: " ", startingAt: 0)
    return "\(mark)  \(padded)  \(text)" + (advice.map { "\n                   → \($0)" } ?? "")
  }
}
