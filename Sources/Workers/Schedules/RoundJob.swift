// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore

/// A kind of job that is about no file: a round of some housekeeping.
public struct RoundJob: JobHandler {
  public let kind: JobKind
  private let log: any EventLog
  private let round: @Sendable (OpenJob) async throws -> [String: Int64]

  /// - Parameter round: what to do, and what it came to in numbers. It may be done twice. Its task is cancelled with the job.
  public init(_ kind: JobKind, log: any EventLog, round: @escaping @Sendable (OpenJob) async throws -> [String: Int64])
  {
    self.kind = kind
    self.log = log
    self.round = round
  }

  /// One after another: each round does what there is.
  public func perform(_ jobs: [OpenJob], report: JobReport) async {
    for job in jobs {
      do {
        let counts = try await job.cancellation.cancelling { [round] in try await round(job) }
        _ = try await job.traced { try await log.append([job.completion(counts.filter { $0.value != 0 })]) }
        await report(job, .success(()))
      } catch let error as EventLogError {
        await report(job, .failure(JobFailure.ended(error)))
      } catch {
        await report(job, .failure(error))
      }
    }
  }
}
