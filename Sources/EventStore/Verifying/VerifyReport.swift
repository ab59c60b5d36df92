// SPDX-License-Identifier: Apache-2.0

/// What a check of the log against its seals came to.
public struct VerifyReport: Sendable, Encodable {
  /// Events that were hashed and compared with a seal.
  public internal(set) var events: Int64 = 0
  public internal(set) var seals: Int64 = 0
  /// The log's head when the check began.
  public internal(set) var head: Int64 = 0
  /// The last position that a seal covers. Of the events after it nothing can be said.
  public internal(set) var sealedThrough: Int64 = 0
  /// When the newest seal was made.
  public internal(set) var sealedAt: String?
  /// The same of the copy; nil when none was given.
  public internal(set) var copyThrough: Int64?
  public internal(set) var findings: [Finding] = []
  /// Findings past the first ten thousand.
  public internal(set) var furtherFindings = 0

  public var isIntact: Bool { findings.isEmpty }
  public var unsealed: Int64 { max(0, head - sealedThrough) }
}
