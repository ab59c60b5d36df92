// SPDX-License-Identifier: Apache-2.0

/// Exit statuses that say nothing of the content: with these the parser itself is unfit.
package enum ParserExit {
  package static let strangeRequest: Int32 = 65
  package static let cannotConfine: Int32 = 70
  /// The loader's, when a library is missing.
  private static let notLoaded: Int32 = 127

  package static func isUnfit(_ status: Int32) -> Bool { [strangeRequest, cannotConfine, notLoaded].contains(status) }
}

/// What one parser may use. It gives them to itself at its start, before it has read anything.
package enum ParserLimits {
  /// Address space, in bytes.
  package static let memory = 2 << 30
  /// Of a processor, for one content.
  package static let seconds = 20
  /// What an archive may unpack to, in bytes.
  package static let unpacked = 1 << 30
  /// Points of a picture. More are not decoded.
  package static let points = 200_000_000
}
