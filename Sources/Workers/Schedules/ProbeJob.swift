// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore

/// Does nothing, and says so in the log: what is left is the way of a job through everything.
public struct ProbeJob: JobHandler {
  public let kind = JobKind.probe
  private let log: any EventLog

  public init(log: any EventLog) { self.log = log }

  /// All in one append. Only when somebody has ended one of them meanwhile, each on its own.
  public func perform(_ jobs: [OpenJob], report: JobReport) async {
    do {
      _ = try await log.append(try jobs.map { try $0.completion() })
      await report(jobs, .success(()))
    } catch let error as EventLogError {
      guard jobs.count > 1 else { return await report(jobs, .failure(JobFailure.ended(error))) }
      for job in jobs { await perform([job], report: report) }
    } catch {
      await report(jobs, .failure(error))
    }
  }
}
