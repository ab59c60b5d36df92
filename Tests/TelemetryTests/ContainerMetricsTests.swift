// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Telemetry

final class ContainerMetricsTests {
  private let root = NSTemporaryDirectory() + "cgroup-\(UUID().uuidString)"

  deinit { try? FileManager.default.removeItem(atPath: root) }

  private func write(_ files: [String: String]) throws {
    for (path, text) in files {
      let url = URL(filePath: root + "/" + path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
  }

  @Test func readsLimitsOfVersion2() throws {
    try write([
      "memory.current": "1048576\n", "memory.max": "2097152\n", "cpu.max": "150000 100000\n",
      "cpu.stat": "usage_usec 5\nnr_throttled 3\nthrottled_usec 2500000\n",
    ])
    #expect(
      ContainerMetrics.readings(root: root, membership: "0::/\n") == [
        "onefold_container_memory_bytes": 1_048_576, "onefold_container_memory_limit_bytes": 2_097_152,
        "onefold_container_cpu_limit_cores": 1.5, "onefold_container_cpu_throttled_seconds_total": 2.5,
      ])
  }

  @Test func readsTheGroupThatItIsIn() throws {
    try write(["system.slice/onefold/memory.current": "7", "system.slice/onefold/memory.max": "max\n"])
    let readings = ContainerMetrics.readings(root: root, membership: "0::/system.slice/onefold\n")
    #expect(readings == ["onefold_container_memory_bytes": 7])
  }

  @Test func readsLimitsOfVersion1() throws {
    try write([
      "memory/memory.limit_in_bytes": "4194304", "memory/memory.usage_in_bytes": "1024",
      "cpu/cpu.cfs_quota_us": "50000",
      "cpu/cpu.cfs_period_us": "100000", "cpu/cpu.stat": "nr_periods 9\nthrottled_time 3000000000\n",
    ])
    let readings = ContainerMetrics.readings(root: root, membership: "9:memory:/docker/1\n")
    #expect(readings["onefold_container_memory_limit_bytes"] == 4_194_304)
    #expect(readings["onefold_container_cpu_limit_cores"] == 0.5)
    #expect(readings["onefold_container_cpu_throttled_seconds_total"] == 3)
  }

  @Test func showsNothingWhereThereIsNoLimit() throws {
    try write(["memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1"])
    #expect(ContainerMetrics.readings(root: root, membership: nil).isEmpty)
    #expect(ContainerMetrics.readings(root: root + "/nowhere", membership: "0::/x").isEmpty)
  }
}
