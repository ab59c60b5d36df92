// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the control group lets this process use, and how near that it is: in a container, what decides before the machine does.
///
/// Groups of version 2 are read, and of version 1 where a system still has those. What has no limit is left out.
enum ContainerMetrics {
  /// - Parameters:
  ///   - root: where groups are mounted.
  ///   - membership: the text of `/proc/self/cgroup`.
  static func readings(
    root: String = "/sys/fs/cgroup", membership: String? = KernelFile.text(of: "/proc/self/cgroup")
  ) -> [String: Double] {
    let path = membership?.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) } ?? "/"
    // In a container the group is the root of what one sees, whatever its path is outside.
    let places = [root + path, root].map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    let unified = places.first { FileManager.default.fileExists(atPath: $0 + "/memory.current") }
    let found = unified.map(version2) ?? version1(root)
    return found.filter { $0.value.isFinite && $0.value >= 0 }
  }

  private static func version2(_ group: String) -> [String: Double] {
    var readings: [String: Double] = [:]
    readings["onefold_container_memory_bytes"] = number(group + "/memory.current")
    readings["onefold_container_memory_limit_bytes"] = number(group + "/memory.max")
    let cpu = (KernelFile.text(of: group + "/cpu.max") ?? "").split(whereSeparator: \.isWhitespace).map { Double($0) }
    if cpu.count == 2, let quota = cpu[0], let period = cpu[1], period > 0 {
      readings["onefold_container_cpu_limit_cores"] = quota / period
    }
    let throttled = field("throttled_usec", in: group + "/cpu.stat")
    readings["onefold_container_cpu_throttled_seconds_total"] = throttled.map { $0 / 1e6 }
    return readings
  }

  private static func version1(_ root: String) -> [String: Double] {
    var readings: [String: Double] = [:]
    // A number near the largest there is stands for none.
    if let limit = number(root + "/memory/memory.limit_in_bytes"), limit < 0x1p60 {
      readings["onefold_container_memory_limit_bytes"] = limit
      readings["onefold_container_memory_bytes"] = number(root + "/memory/memory.usage_in_bytes")
    }
    if let quota = number(root + "/cpu/cpu.cfs_quota_us"), let period = number(root + "/cpu/cpu.cfs_period_us"),
      quota > 0, period > 0
    {
      readings["onefold_container_cpu_limit_cores"] = quota / period
      let throttled = field("throttled_time", in: root + "/cpu/cpu.stat")
      readings["onefold_container_cpu_throttled_seconds_total"] = throttled.map { $0 / 1e9 }
    }
    return readings
  }

  /// Nil for "max", too.
  private static func number(_ path: String) -> Double? {
    KernelFile.text(of: path).flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private static func field(_ name: String, in path: String) -> Double? {
    let lines = (KernelFile.text(of: path) ?? "").split(separator: "\n")
    return lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
  }
}
