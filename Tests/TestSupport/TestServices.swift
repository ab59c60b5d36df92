// SPDX-License-Identifier: Apache-2.0

public import Foundation
import Glibc
public import LocalServices
import Logging
public import Postgres
public import Redis
import Synchronization

/// One private Postgres for all tests of a process, and a Redis for each test that wants one.
///
/// Servers die with the test process (their parent); what they leave in the temporary directory is removed by the next run.
public actor TestServices {
  public static let shared = TestServices()

  private var cluster: Task<LocalPostgres, any Error>?
  private var template: Task<String, any Error>?
  private static let prefix = "onefold-test-"
  private static let numbers = Atomic<Int>(0)

  /// Every commit of a test is thrown away with its cluster, so it need not reach the disk. Promises about
  /// durability are tested against the built binary, with these on.
  private static let settings = [
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "on", "shared_buffers": "128MB",
    "max_connections": "300", "log_min_duration_statement": "-1",
  ]

  static func nextNumber() -> Int { numbers.add(1, ordering: .relaxed).newValue }

  /// A directory of this process under the temporary directory, for short socket paths.
  public static func makeDirectory(_ name: String) throws -> URL {
    let directory = URL(filePath: "/tmp/\(prefix)\(getpid())/\(name)\(nextNumber())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
  }

  /// The shared cluster, started at its first use.
  public func postgres() async throws -> LocalPostgres {
    if let cluster { return try await cluster.value }
    let starting = Task {
      Self.removeLeftOvers()
      let home = try ServiceHome(dataDirectory: Self.makeDirectory("pg"))
      let server = LocalPostgres(home: home, settings: Self.settings, logger: Logger(label: "test"))
      let service = SupervisedService(server, logger: Logger(label: "test"))
      try await service.start()
      return server
    }
    cluster = starting
    return try await starting.value
  }

  /// The name of a database with all migrations applied, to be copied and never connected to.
  func migratedTemplate() async throws -> String {
    let server = try await postgres()
    // After the wait, during which another test may have begun it.
    if let template { return try await template.value }
    let making = Task {
      let name = "migrated"
      try await Self.administer(server, "CREATE DATABASE migrated TEMPLATE template0")
      let connection = try await PostgresConnection.connect(
        PostgresConfiguration(url: server.url(database: name)), logger: Logger(label: "test"))
      let migrations = try Migrations.load(from: Self.migrationsDirectory)
      _ = try await Migrations.apply(migrations, on: connection, logger: Logger(label: "test"))
      await connection.close()
      return name
    }
    template = making
    return try await making.value
  }

  public static var migrationsDirectory: URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../migrations").standardizedFileURL
  }

  static func administer(_ server: LocalPostgres, _ sql: String) async throws {
    let connection = try await PostgresConnection.connect(
      PostgresConfiguration(url: server.url(database: "postgres")), logger: Logger(label: "test"))
    defer { Task { await connection.close() } }
    try await connection.script(sql)
  }

  /// Directories of test processes that are no more.
  private static func removeLeftOvers() {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: "/tmp")) ?? [] where name.hasPrefix(prefix) {
      guard let identifier = pid_t(name.dropFirst(prefix.count)), kill(identifier, 0) != 0 else { continue }
      try? files.removeItem(atPath: "/tmp/\(name)")
    }
  }
}

/// Runs `body` on a fresh, empty database of the shared private cluster, as its owner.
public func withDatabase<Value>(
  _ body: (PostgresConfiguration) async throws -> Value
) async throws -> Value {
  try await withDatabase(template: "template0", role: nil, body)
}

/// Runs `body` on a fresh database with all migrations applied, as the application's role.
public func withMigratedDatabase<Value>(
  role: String? = "onefold_app", _ body: (PostgresConfiguration) async throws -> Value
) async throws -> Value {
  try await withDatabase(template: TestServices.shared.migratedTemplate(), role: role, body)
}

private func withDatabase<Value>(
  template: String, role: String?, _ body: (PostgresConfiguration) async throws -> Value
) async throws -> Value {
  try await Places.services.with { try await withNewDatabase(template: template, role: role, body) }
}

private func withNewDatabase<Value>(
  template: String, role: String?, _ body: (PostgresConfiguration) async throws -> Value
) async throws -> Value {
  let server = try await TestServices.shared.postgres()
  let name = "test_\(TestServices.nextNumber())"
  // Names made here: letters, digits and underscores.
  try await TestServices.administer(server, "CREATE DATABASE \(name) TEMPLATE \(template)")
  let result: Result<Value, any Error>
  do {
    result = .success(try await body(PostgresConfiguration(url: server.url(database: name), role: role)))
  } catch {
    result = .failure(error)
  }
  try await TestServices.administer(server, "DROP DATABASE \(name) WITH (FORCE)")
  return try result.get()
}

/// Runs `body` with a private, empty Redis of its own.
///
/// - Parameter settings: more arguments for `redis-server`.
public func withRedis<Value>(
  settings: [String] = ["--appendonly", "no"],
  _ body: (RedisConfiguration) async throws -> Value
) async throws -> Value {
  try await withRedisServer(settings: settings) { server, _ in try await body(RedisConfiguration(url: server.url)) }
}

/// The same, for tests that stop or kill the server: ``SupervisedService`` of it is not running.
public func withRedisServer<Value>(
  settings: [String] = ["--appendonly", "no"],
  _ body: (LocalRedis, ChildProcess) async throws -> Value
) async throws -> Value {
  try await Places.services.with { try await withNewRedis(settings: settings, body) }
}

private func withNewRedis<Value>(
  settings: [String], _ body: (LocalRedis, ChildProcess) async throws -> Value
) async throws -> Value {
  let home = try ServiceHome(dataDirectory: TestServices.makeDirectory("rd"))
  let server = LocalRedis(home: home, settings: settings, logger: Logger(label: "test"))
  let child = try await server.start()
  let result: Result<Value, any Error>
  do { result = .success(try await body(server, child)) } catch { result = .failure(error) }
  await server.stop(child)
  return try result.get()
}
