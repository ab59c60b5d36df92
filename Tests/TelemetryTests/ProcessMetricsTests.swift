// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Telemetry

struct ProcessMetricsTests {
  @Test func readsFieldsBehindANameOfAnyKind() {
    let fields = (3...30).map { $0 == 3 ? "S" : String($0) }.joined(separator: " ")
    let status = ProcessStatus("42 (an (odd) name) 7 8) \(fields)\n")
    #expect(status == ProcessStatus("1 (onefold) \(fields)\n"))
    #expect(status?.userTicks == 14)
    #expect(status?.systemTicks == 15)
    #expect(status?.threads == 20)
    #expect(status?.startTicks == 22)
    #expect(status?.virtualBytes == 23)
    #expect(status?.residentPages == 24)
  }

  @Test func refusesATruncatedLine() {
    #expect(ProcessStatus("1 (onefold) S 2 3") == nil)
    #expect(ProcessStatus("") == nil)
  }

  @Test func readingsOfThisProcessAreSane() throws {
    let before = ProcessMetrics.readings()
    let memory = try #require(before["process_resident_memory_bytes"])
    #expect((1e6...1e11).contains(memory))
    let start = try #require(before["process_start_time_seconds"])
    #expect(start <= Date().timeIntervalSince1970 + 1 && start > Date().timeIntervalSince1970 - 86_400)
    #expect(try #require(before["process_max_fds"]) >= 64)

    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/status"))
    defer { try? file.close() }
    #expect(try #require(ProcessMetrics.readings()["process_open_fds"]) >= 4)
    #expect(try #require(before["process_cpu_seconds_total"]) >= 0)
    #expect(try #require(before["onefold_process_threads"]) >= 1)
  }
}
