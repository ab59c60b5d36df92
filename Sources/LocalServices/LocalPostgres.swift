// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Logging

/// A private Postgres: its own cluster, reachable only through a Unix socket in a directory closed to others.
public struct LocalPostgres: LocalServer {
  public let name = "postgres"
  /// The owner of everything in the cluster.
  public static let superuser = "onefold"
  static let port = 5432

  private let home: ServiceHome
  private let settings: [String: String]
  private let logger: Logger

  /// - Parameter settings: Postgres settings on top of the defaults below.
  public init(home: ServiceHome, settings: [String: String] = [:], logger: Logger) {
    self.home = home
    self.settings = settings.merging(Self.defaults) { given, _ in given }
    self.logger = logger
  }

  /// For one machine that also does the work: moderate memory, checkpoints far apart, durable commits.
  public static let defaults = [
    "listen_addresses": "", "shared_buffers": "256MB", "max_connections": "100", "max_wal_size": "4GB",
    "checkpoint_timeout": "15min", "wal_compression": "lz4", "log_min_duration_statement": "1s",
    "log_line_prefix": "%m [%p] ",
    // Details and parameters quote values: people's addresses and paths have no place in a log file.
    "log_error_verbosity": "terse", "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
    "idle_in_transaction_session_timeout": "60s", "jit": "off",
  ]

  private var data: URL { home.directory.appending(path: "postgres") }
  private var log: URL { home.directory.appending(path: "log/postgres.log") }
  private var pidFile: URL { data.appending(path: "postmaster.pid") }

  /// A libpq URL for a user and a database of this cluster.
  public func url(user: String = superuser, database: String) -> String {
    var allowed = CharacterSet.alphanumerics
    allowed.insert(charactersIn: "-._~")
    let host = home.sockets.path.addingPercentEncoding(withAllowedCharacters: allowed) ?? home.sockets.path
    return "postgresql://\(user)@/\(database)?host=\(host)&port=\(Self.port)"
  }

  public func start() async throws -> ChildProcess {
    let programs = try Self.programs()
    try await stopLeftOver()
    if !FileManager.default.fileExists(atPath: data.appending(path: "PG_VERSION").path) {
      try await initialise(with: programs)
    }
    let arguments =
      ["-D", data.path, "-k", home.sockets.path, "-p", String(Self.port)]
      + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    // SIGINT is Postgres' fast shutdown: if this process is killed, the cluster still closes cleanly.
    let child = try await ChildProcess.start(
      name: name, program: programs.appending(path: "postgres").path, arguments: arguments,
      account: home.account, deathSignal: "INT", directory: home.directory, log: log)
    try await waitUntilReady(child)
    return child
  }

  public func stop(_ child: ChildProcess) async {
    await child.stop(gentle: SIGINT, firm: SIGQUIT, patience: .seconds(30))
  }

  /// The directory with `initdb` and `postgres`: the newest that is installed, 15 or later.
  static func programs() throws -> URL {
    let base = URL(filePath: "/usr/lib/postgresql")
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []
    for version in versions.compactMap(Int.init).sorted(by: >) where version >= 15 {
      let directory = base.appending(path: "\(version)/bin")
      if FileManager.default.isExecutableFile(atPath: directory.appending(path: "postgres").path) { return directory }
    }
    throw LocalServiceError(
      "PostgreSQL 15 or later is not installed. Run `make setup`, or set DATABASE_URL to a server of your own.")
  }

  /// Creates the cluster beside its place and moves it there, so that an interrupted creation is simply done again.
  private func initialise(with programs: URL) async throws {
    let fresh = home.directory.appending(path: "postgres.new")
    try? FileManager.default.removeItem(at: fresh)
    let initdb = try await ChildProcess.start(
      name: "initdb", program: programs.appending(path: "initdb").path,
      arguments: [
        "-D", fresh.path, "-U", Self.superuser, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
        "--data-checksums", "--no-instructions",
      ],
      account: home.account, deathSignal: "TERM", directory: home.directory, log: log)
    let status = await initdb.waitForExit()
    guard status == 0 else {
      throw LocalServiceError("initdb ended with status \(status); its reason is at the end of \(log.path).")
    }
    try FileManager.default.moveItem(at: fresh, to: data)
  }

  /// Postgres writes `ready` into the eighth line of its pid file; pg_ctl waits for the same.
  private func waitUntilReady(_ child: ChildProcess) async throws {
    // Crash recovery replays up to max_wal_size, hence the patience.
    let deadline = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < deadline {
      if let status = child.exitStatus {
        throw LocalServiceError("Postgres ended with status \(status); its reason is at the end of \(log.path).")
      }
      let lines = pidFileLines()
      if lines.count > 7, lines[0] == String(child.processIdentifier), lines[7].hasPrefix("ready") { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    await stop(child)
    throw LocalServiceError("Postgres was not ready within two minutes; see \(log.path).")
  }

  private func pidFileLines() -> [String] {
    guard let text = try? String(contentsOf: pidFile, encoding: .utf8) else { return [] }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// A postmaster that an earlier, killed process left behind is closing down: help it, and wait.
  private func stopLeftOver() async throws {
    guard let first = pidFileLines().first, let identifier = pid_t(first), identifier > 1,
      isPostmaster(identifier)
    else { return }
    logger.notice("Stopping the Postgres that an earlier run left behind", metadata: ["pid": "\(identifier)"])
    kill(identifier, SIGINT)
    let deadline = ContinuousClock.now + .seconds(60)
    while isPostmaster(identifier) {
      guard ContinuousClock.now < deadline else {
        throw LocalServiceError("An earlier Postgres (process \(identifier)) on \(data.path) does not stop.")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Whether that process is a postmaster on this data directory, and not a stranger that got its number.
  private func isPostmaster(_ identifier: pid_t) -> Bool {
    guard let command = FileManager.default.contents(atPath: "/proc/\(identifier)/cmdline") else { return false }
    let words = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return words.first?.hasSuffix("postgres") == true && words.contains(data.path)
  }
}
