// SPDX-License-Identifier: Apache-2.0

public import Domain
import Foundation

/// How a pool of workers behaves.
public struct WorkerOptions: Sendable {
  /// Jobs held at a time. They share the threads of the blob store and its rounds of syncing, so this is no number of threads: more
  /// of them wait for the disk and for the log together.
  public var concurrency = 128
  /// Which classes of jobs to take. Jobs that are tried again are taken by every pool.
  public var classes = Set(JobClass.allCases)
  /// This pool's name in Redis. Kept over a restart, it gets back at once what it was working on; otherwise that is rescued after ``silence``.
  /// No two pools that run may share it.
  public var consumer = "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
  public var retry = RetryPolicy.standard
  /// A worker that gives no sign of life for so long is thought dead, and its jobs are taken over. It gives five in that time.
  public var silence: Duration = .seconds(5)
  /// A job that was given out more often than this, without any result, kills those who take it: a dead letter.
  public var maxDeliveries = 5
  /// How long jobs may go on after a shutdown began, before they are handed back.
  public var grace: Duration = .seconds(10)

  public init() {}
}
