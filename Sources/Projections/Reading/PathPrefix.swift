// SPDX-License-Identifier: Apache-2.0

/// The paths that begin with a text, as a range in the order of code points: what an index can look up.
struct PathPrefix {
  /// Inclusive.
  let lower: String
  /// Exclusive; nil when nothing limits it.
  let upper: String?

  init(_ prefix: String) {
    lower = prefix
    // The first text after all that begin with the prefix: its last scalar one further, or, if that is the last one there is, dropped
    // and the one before it. UTF-8 sorts by bytes as scalars sort by value, so this is also the order of the column.
    var scalars = Array(prefix.unicodeScalars)
    while let last = scalars.popLast() {
      guard let next = last.successor else { continue }
      scalars.append(next)
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars)
      upper = String(text)
      return
    }
    upper = nil
  }
}

extension Unicode.Scalar {
  /// Nil for U+10FFFF. The surrogates, which are no scalars, are stepped over.
  fileprivate var successor: Unicode.Scalar? { value == 0xd7ff ? "\u{e000}" : Unicode.Scalar(value + 1) }
}
