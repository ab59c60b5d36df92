// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A batch that can be tried in one statement, because its writers name the versions: the log's unique constraints judge it, and either
/// all of it goes in or none. When they object, an ``AppendPlan`` decides append by append.
struct OptimisticBatch {
  struct Row {
    var event: NewEvent
    var stream: StreamName
    var version: Int64
  }

  /// In the order of positions.
  private(set) var rows: [Row] = []
  /// Events that must be in the log before the batch. A unique constraint sees a version that is taken; only this sees one that was
  /// skipped.
  private(set) var predecessors: [(stream: StreamName, version: Int64)] = []
  /// Per append: how many rows are its own, and the last versions it gives.
  private var shares: [(count: Int, versions: [StreamName: Int64])] = []

  /// Nil when a constraint could not judge the batch: someone names no version, or sends a guard alone, or two of the batch disagree.
  init?(_ batch: [[StreamAppend]]) {
    var reached: [StreamName: Int64] = [:]
    for appends in batch {
      var share: (count: Int, versions: [StreamName: Int64]) = (0, [:])
      for append in appends {
        guard !append.events.isEmpty, let named = append.expected.named else { return nil }
        if let version = reached[append.stream] {
          guard version == named else { return nil }
        } else if named != 0 {
          predecessors.append((append.stream, named))
        }
        for (index, event) in append.events.enumerated() {
          rows.append(Row(event: event, stream: append.stream, version: named + Int64(index) + 1))
        }
        let last = named + Int64(append.events.count)
        reached[append.stream] = last
        share.versions[append.stream] = last
        share.count += append.events.count
      }
      guard share.count > 0 else { return nil }
      shares.append(share)
    }
  }

  /// One for each append, in order.
  /// - Parameters:
  ///   - head: the position that the last row got.
  ///   - recordedAt: the time that all of them got.
  func results(head: Position, recordedAt: Date) -> [AppendResult] {
    var next = head.rawValue - Int64(rows.count)
    return shares.map { share in
      let first = Position(next + 1)
      next += Int64(share.count)
      return AppendResult(first: first, last: Position(next), versions: share.versions, recordedAt: recordedAt)
    }
  }
}
