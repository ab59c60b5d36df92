// SPDX-License-Identifier: Apache-2.0

/// Which bytes two contents have in common, wherever these are in them.
public struct ByteDifference: Equatable, Sendable {
  /// Bytes in one content, one after another, all of them in the other too, or none.
  public struct Run: Equatable, Sendable {
    public var start: Int64
    public var byteCount: Int64
    public var isCommon: Bool
  }

  public var leftBytes: Int64 = 0
  public var rightBytes: Int64 = 0
  /// Bytes of parts that the other has as well.
  public var leftCommon: Int64 = 0
  public var rightCommon: Int64 = 0
  /// Up to ``runLimit``: shorter ones are a part of their neighbours.
  public var left: [Run] = []
  public var right: [Run] = []

  static let runLimit = 100

  /// - Parameters: the parts of both, as ``ByteSketcher/parts(of:isLast:)`` gives them.
  public static func between(_ left: [ByteSketcher.Part], _ right: [ByteSketcher.Part]) -> ByteDifference {
    var difference = ByteDifference()
    (difference.left, difference.leftBytes, difference.leftCommon) = runs(of: left, in: Set(right.map(\.hash)))
    (difference.right, difference.rightBytes, difference.rightCommon) = runs(of: right, in: Set(left.map(\.hash)))
    return difference
  }

  private static func runs(of parts: [ByteSketcher.Part], in others: Set<UInt64>) -> ([Run], Int64, Int64) {
    var runs: [Run] = []
    var (bytes, common): (Int64, Int64) = (0, 0)
    for part in parts {
      let run = Run(start: bytes, byteCount: Int64(part.size), isCommon: others.contains(part.hash))
      bytes += run.byteCount
      if run.isCommon { common += run.byteCount }
      append(run, to: &runs)
    }
    // Shorter than a hundredth of a hundredth nobody sees; and of many, those go first that are least to see.
    var least = bytes / 10_000
    while runs.count > runLimit {
      least = max(2 * least, 1)
      var kept: [Run] = []
      for run in runs {
        let isSeen = run.byteCount >= least || kept.isEmpty
        append(
          Run(
            start: run.start, byteCount: run.byteCount, isCommon: isSeen ? run.isCommon : kept.last?.isCommon ?? false),
          to: &kept)
      }
      runs = kept
    }
    return (runs, bytes, common)
  }

  private static func append(_ run: Run, to runs: inout [Run]) {
    if let last = runs.indices.last, runs[last].isCommon == run.isCommon {
      runs[last].byteCount += run.byteCount
    } else {
      runs.append(run)
    }
  }
}
