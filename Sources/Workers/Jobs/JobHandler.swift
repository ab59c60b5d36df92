// SPDX-License-Identifier: Apache-2.0

public import Domain

/// Does one kind of work.
public protocol JobHandler: Sendable {
  var kind: JobKind { get }

  /// Does several jobs, at the same time where that is good, and reports each once, as soon as its result is in the log.
  ///
  /// A job may run more than once: after a crash, or on two workers when one of them was thought dead. So its effects must be the same each
  /// time, and its last append must name ``OpenJob/version``.
  ///
  /// - Parameter report: success, or why not; ``JobFailure/init(_:)`` decides what becomes of it.
  func perform(_ jobs: [OpenJob], report: @escaping @Sendable (OpenJob, Result<Void, any Error>) async -> Void) async
}
