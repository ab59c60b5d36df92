// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Parsing
import Postgres

extension Checkup {
  /// The blob store's place: whether it can be written, how long its disk takes, and what room there is.
  func disk() -> [Finding] {
    let (area, path) = ("blobs", settings.blobsDirectory.path)
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
      return [
        .fail(
          area, "\(path) is no directory.",
          "Mount it, or set ONEFOLD_BLOBS_DIR (roles apart) or --data-dir. The first start makes it, if its parent is there."
        )
      ]
    }
    var findings: [Finding] = []
    do {
      let time = try Self.timeOfSync(in: path)
      let text = "\(path): a small file is durable after \(String(format: "%.1f", time * 1000)) ms."
      findings.append(
        time > 0.1
          ? .note(
            area, text,
            "Each upload waits for this. A disk of its own, or one with a cache that survives a loss of power, is quicker."
          )
          : .ok(area, text))
    } catch {
      findings.append(
        .fail(
          area, "\(path) cannot be written: \(error)",
          "The user that Onefold runs as must own it: chown -R onefold \(path)."))
    }
    var status = statvfs()
    if statvfs(path, &status) == 0, status.f_blocks > 0 {
      let free = Double(status.f_bavail) / Double(status.f_blocks)
      let bytes = Int64(Double(status.f_bavail) * Double(status.f_frsize))
      let text = "\(Format.bytes(bytes)) are free, \(Int(100 * free)) %."
      findings.append(
        free < 0.02
          ? .fail(area, text, "Uploads are refused with 507 when it is full: make room.")
          : free < 0.1 ? .note(area, text, "Make room, or get a larger disk, before it is full.") : .ok(area, text))
      if status.f_files > 0, Double(status.f_favail) / Double(status.f_files) < 0.02 {
        findings.append(
          .fail(
            area, "There are hardly any inodes left.",
            "Small contents are files of their own: a file system with more inodes is needed."))
      }
    }
    if Self.isInMemory(path) {
      findings.append(
        .fail(area, "\(path) is in memory (tmpfs): everything in it is gone at the next start.", "Use a disk."))
    }
    return findings
  }

  /// Writes, waits, renames, waits, as an upload does.
  private static func timeOfSync(in directory: String) throws -> Double {
    let name = "\(directory)/.onefold-doctor-\(getpid())"
    func check(_ result: Int32) throws {
      guard result >= 0 else { throw CommandError(String(cString: strerror(errno))) }
    }
    defer {
      unlink(name)
      unlink(name + ".moved")
    }
    let start = ContinuousClock.now
    let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try check(file)
    defer { close(file) }
    let bytes = [UInt8](repeating: 0x5a, count: 4096)
    try check(Int32(clamping: write(file, bytes, bytes.count)))
    try check(fsync(file))
    try check(rename(name, name + ".moved"))
    let place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try check(place)
    defer { close(place) }
    try check(fsync(place))
    return start.duration(to: .now) / .seconds(1)
  }

  /// By the mount that the path is under.
  private static func isInMemory(_ path: String) -> Bool {
    let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
    let real = URL(filePath: path).resolvingSymlinksInPath().path
    var (longest, kind) = (-1, "")
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      guard fields.count > 2, fields[1].count > longest else { continue }
      let below = fields[1] == "/" ? "/" : fields[1] + "/"
      if real == fields[1] || real.hasPrefix(below) { (longest, kind) = (fields[1].count, fields[2]) }
    }
    return ["tmpfs", "ramfs"].contains(kind)
  }

  func parser() -> [Finding] {
    let program = BlockingParser.programBesideThis
    guard access(program, X_OK) == 0 else {
      return [
        .note(
          "parser", "\(program) is not there.",
          "Pictures and documents are kept, and neither compared nor shown small: install it beside onefold.")
      ]
    }
    return [.ok("parser", "\(program) is there.")]
  }

  /// Tokens, schedules and times in the log are as right as these.
  func clocks(_ connections: Connections) async throws -> [Finding] {
    let before = Date()
    let server = try await connections.pool.query("SELECT clock_timestamp()").decode(Date.self).first
    let after = Date()
    guard let server else { return [] }
    return [
      Self.judge(
        server.timeIntervalSince(before + after.timeIntervalSince(before) / 2), within: after.timeIntervalSince(before))
    ]
  }

  /// - Parameters:
  ///   - difference: in seconds, of the database's clock from this machine's.
  ///   - uncertainty: in seconds.
  static func judge(_ difference: Double, within uncertainty: Double) -> Finding {
    let text =
      "The database's clock is \(String(format: "%.3f", abs(difference))) s \(difference < 0 ? "behind" : "before") this machine's."
    switch abs(difference) - uncertainty {
    case ..<1: return .ok("clocks", text)
    case ..<30: return .note("clocks", text, "Run chrony or systemd-timesyncd on both.")
    default:
      return .fail(
        "clocks", text,
        "Run chrony or systemd-timesyncd on both: jobs come late or early, and tokens end at the wrong time.")
    }
  }
}
