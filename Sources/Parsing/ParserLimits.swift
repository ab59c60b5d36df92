// SPDX-License-Identifier: Apache-2.0

/// What one parser may use. It gives them to itself at its start, before it has read anything.
package enum ParserLimits {
  /// Address space, in bytes.
  package static let memory = 2 << 30
  /// Of a processor, for one content.
  package static let seconds = 20
  /// Points of a picture. More are not decoded.
  package static let points = 200_000_000
}
