// SPDX-License-Identifier: Apache-2.0

/// How far a backup or a restore is. One stage after the other.
public struct BackupProgress: Sendable {
  public enum Stage: Sendable { case events, tables, blobs, projections, contents }

  public var stage: Stage
  public var done: Int
  /// 0 while nobody knows.
  public var total: Int
  public var bytes: Int64

  public init(stage: Stage, done: Int, total: Int, bytes: Int64 = 0) {
    self.stage = stage
    self.done = done
    self.total = total
    self.bytes = bytes
  }
}
