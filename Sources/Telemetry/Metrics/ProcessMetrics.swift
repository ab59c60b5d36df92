// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What Linux tells of this process, read when it is asked for.
enum ProcessMetrics {
  /// - Parameter disk: a path on the file system that has the bytes; nil where this process has none.
  static func families(disk: String?) -> [MetricFamily] {
    let all = readings().merging(ContainerMetrics.readings()) { own, _ in own }
    return all.merging(disk.map(self.readings(ofDisk:)) ?? [:]) { own, _ in own }.compactMap { name, value in
      guard let description = MetricCatalog[name] else { return nil }
      var family = MetricFamily(description)
      switch family.series(Labels([]), limit: 1).series {
      case .counter(let counter): counter.increment(by: value)
      case .gauge(let gauge): gauge.set(value)
      case .histogram: return nil
      }
      return family
    }
  }

  /// What cannot be read is left out.
  static func readings() -> [String: Double] {
    var readings: [String: Double] = [:]
    if let text = KernelFile.text(of: "/proc/self/stat"), let status = ProcessStatus(text) {
      let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
      readings["process_cpu_seconds_total"] = Double(status.userTicks + status.systemTicks) / ticks
      readings["process_virtual_memory_bytes"] = Double(status.virtualBytes)
      readings["process_resident_memory_bytes"] = Double(status.residentPages * sysconf(Int32(_SC_PAGESIZE)))
      readings["onefold_process_threads"] = Double(status.threads)
      if let bootTime { readings["process_start_time_seconds"] = bootTime + Double(status.startTicks) / ticks }
    }
    if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      // One of them is the listing's own.
      readings["process_open_fds"] = Double(max(0, names.count - 1))
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      readings["process_max_fds"] = Double(limit.rlim_cur)
    }
    return readings
  }

  static func readings(ofDisk path: String) -> [String: Double] {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return [:] }
    let block = Double(status.f_frsize)
    return [
      "onefold_blob_disk_bytes": Double(status.f_blocks) * block,
      // What is left to those who are not root.
      "onefold_blob_disk_free_bytes": Double(status.f_bavail) * block,
    ]
  }

  private static let bootTime: Double? = KernelFile.text(of: "/proc/stat")?
    .split(separator: "\n").first { $0.hasPrefix("btime ") }
    .flatMap { Double($0.dropFirst("btime ".count)) }
}

/// The fields of `/proc/<pid>/stat` that we show; see proc(5).
struct ProcessStatus: Equatable {
  let userTicks, systemTicks, threads, startTicks, virtualBytes, residentPages: Int

  /// The second field is the program's name in parentheses and may hold anything, so fields are counted from its end.
  init?(_ text: String) {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ").map { Int($0) }
    // proc(5) numbers fields from 1; the first after the name is number 3.
    func field(_ number: Int) -> Int? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
    guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
      let virtual = field(23), let resident = field(24)
    else { return nil }
    (userTicks, systemTicks, self.threads, startTicks) = (user, system, threads, start)
    (virtualBytes, residentPages) = (virtual, resident)
  }
}
