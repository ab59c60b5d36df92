// SPDX-License-Identifier: Apache-2.0

public import Domain

/// Does one kind of work.
public protocol JobHandler: Sendable {
  var kind: JobKind { get }

  /// Does several jobs, at the same time where that is good, and reports each once, as soon as its result is in the log.
  ///
  /// A job may run more than once: after a crash, or on two workers when one of them was thought dead. So its effects must be the same each
  /// time, and its last append must name ``OpenJob/version``. Between steps that take long it looks at ``OpenJob/cancellation``.
  func perform(_ jobs: [OpenJob], report: JobReport) async
}

/// How a handler says what came of jobs: success, or why not; ``JobFailure/init(_:)`` decides what becomes of a job that failed.
public struct JobReport: Sendable {
  private let send: @Sendable ([OpenJob], Result<Void, any Error>) async -> Void

  public init(_ send: @escaping @Sendable ([OpenJob], Result<Void, any Error>) async -> Void) { self.send = send }

  public func callAsFunction(_ job: OpenJob, _ result: Result<Void, any Error>) async { await send([job], result) }

  /// The same of many, which is quicker than one after the other.
  public func callAsFunction(_ jobs: [OpenJob], _ result: Result<Void, any Error>) async { await send(jobs, result) }
}
