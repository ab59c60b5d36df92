// SPDX-License-Identifier: Apache-2.0

/// What a job takes of its tenant's turn: whoever sends large files waits no less than whoever sends as many bytes in small ones.
public enum JobCost {
  /// More would let one job stand for a turn of hundreds of others.
  public static let most = 64

  /// 1 for the job itself, and 1 for each whole MiB that it reads; at most ``most``.
  public static func of(bytes: Int64) -> Int { Int(min(1 + max(0, bytes) >> 20, Int64(most))) }
}
