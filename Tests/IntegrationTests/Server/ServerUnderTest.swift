// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Domain
import EventStore
import Foundation
import Logging
import Parsing
import Postgres
import Projections
import Redis
import Server
import ServiceLifecycle
import Telemetry
import TestSupport
import Testing

/// The whole server on a port of its own, with a fresh database, a Redis, a directory of blobs, and running projections.
struct ServerUnderTest: Sendable {
  let port: Int
  let pool: PostgresPool
  let log: PostgresEventLog
  let directory: AccountDirectory
  let reclaimer: Reclaimer
  let blobDirectory: URL
  let group: ServiceGroup

  /// Without a token.
  var anonymous: RawClient { RawClient(port: port) }

  static func run(
    configure: (inout ServerConfiguration) -> Void = { _ in }, _ body: (ServerUnderTest) async throws -> Void
  ) async throws {
    try await withMigratedDatabase { database in
      try await withRedis { redis in try await run(database, redis, configure, body) }
    }
  }

  private static func run(
    _ database: PostgresConfiguration, _ redisConfiguration: RedisConfiguration,
    _ configure: (inout ServerConfiguration) -> Void, _ body: (ServerUnderTest) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let blobs = try TestServices.makeDirectory("blobs")
    defer { try? FileManager.default.removeItem(at: blobs) }
    let pool = PostgresPool(configuration: database, size: 10, logger: logger)
    let redis = RedisClient(configuration: redisConfiguration, logger: logger)
    let keys = try PersonalKeys.forTests(pool)
    let log = PostgresEventLog(pool: pool, redis: redis, protection: PersonalProtection(keys: keys), logger: logger)
    let positions = ProjectionPositions(pool: pool, redis: redis, logger: logger)
    let tokens = try await Tokens(TokenConfiguration(secret: [UInt8](repeating: 7, count: 32)))
    let passwords = try Passwords(cost: .insecureForTests)
    var configuration = ServerConfiguration(port: 0)
    configuration.liveHeartbeat = .milliseconds(100)
    configure(&configuration)
    let directory = AccountDirectory(pool: pool, log: log, passwords: passwords, defaultQuotaBytes: 1_000_000_000)
    let store = try LocalBlobStore(root: blobs.path, database: pool)
    let ledger = FileLedger(log: log, index: ProjectionFileIndex(pool: pool))
    let reclaimer = Reclaimer(pool: pool, log: log, blobs: store, grace: .zero, logger: logger)
    let dependencies = ServerDependencies(
      pool: pool, redis: redis, log: log, blobs: store,
      parser: Parser(logger: logger), ledger: ledger, accounts: directory,
      sessions: Sessions(pool: pool, log: log, passwords: passwords, tokens: tokens),
      eraser: Eraser(
        pool: pool, log: log, keys: keys, ledger: ledger, positions: positions, reclaimer: reclaimer, logger: logger),
      tokens: tokens, positions: positions,
      readiness: Readiness(
        [
          ("postgres", { _ = try await pool.query("SELECT 1") }),
          ("redis", { _ = try await redis.command(["PING"]) }),
        ], logger: logger),
      metrics: PrometheusRegistry())
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let server = try ServerApplication(
      configuration, dependencies, onRunning: { continuation.yield($0) }, logger: logger)
    let projections = ProjectionCatalog.all.map {
      ProjectionRunner($0, pool: pool, log: log, redis: redis, positions: positions, logger: logger)
    }
    let rebuilds = RebuildService(pool: pool, log: log, options: .fast, logger: logger)
    let group = ServiceGroup(
      services: [pool, redis, log, positions] + projections + [rebuilds] + server.services, logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      let port = try #require(await ports.first { _ in true })
      let result: Result<Void, any Error>
      do {
        try await body(
          ServerUnderTest(
            port: port, pool: pool, log: log, directory: directory, reclaimer: reclaimer, blobDirectory: blobs,
            group: group))
        result = .success(())
      } catch { result = .failure(error) }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      try result.get()
    }
    try await passwords.shutDown()
  }

  /// A new account, signed in.
  func person(_ name: String) async throws -> Person {
    let registered = try await anonymous.request("POST", "/api/v1/auth/register", json: Self.credentials(name))
    try #require(registered.status == 201, "\(registered.text)")
    return try await signIn(name, id: try #require((registered.json["id"] as? String).flatMap(UUID.init)))
  }

  /// The administrator, made at the first call.
  func administrator() async throws -> Person {
    _ = try await directory.ensureAdmin(email: "admin@example.org", password: "correct horse admin")
    return try await signIn("admin", id: UUID())
  }

  private func signIn(_ name: String, id: UUID) async throws -> Person {
    let credentials = Self.credentials(name)
    let signedIn = try await anonymous.request("POST", "/api/v1/auth/login", json: credentials)
    try #require(signedIn.status == 200, "\(signedIn.text)")
    return Person(
      id: id, client: RawClient(port: port, token: try #require(signedIn.json["accessToken"] as? String)),
      refreshToken: try #require(signedIn.json["refreshToken"] as? String), credentials: credentials)
  }

  private static func credentials(_ name: String) -> String {
    "{\"email\":\"\(name)@example.org\",\"password\":\"correct horse \(name)\"}"
  }

  /// Waits for something that the server does without being asked again.
  func until(
    sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
  ) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !condition() {
      try #require(ContinuousClock.now < deadline, sourceLocation: sourceLocation)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Files under the directory of blobs, staged ones included.
  func blobFiles() throws -> [String] {
    let names = FileManager.default.enumerator(atPath: blobDirectory.path)?.compactMap { $0 as? String } ?? []
    return names.filter { name in
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(
        atPath: blobDirectory.appending(path: name).path, isDirectory: &isDirectory) && !isDirectory.boolValue
        && !name.hasSuffix("chunking.secret")
    }.sorted()
  }
}

struct Person: Sendable {
  let id: UUID
  let client: RawClient
  let refreshToken: String
  let credentials: String

  func put(
    _ path: String, _ content: String, headers: [(String, String)] = []
  ) async throws -> RawResponse {
    try await client.request("PUT", "/api/v1/files?path=\(path)", headers: headers, body: Array(content.utf8))
  }

  func get(_ target: String, headers: [(String, String)] = []) async throws -> RawResponse {
    try await client.request("GET", "/api/v1/\(target)", headers: headers)
  }
}

extension RawResponse {
  var id: String { json["id"] as? String ?? "" }
  var items: [[String: Any]] { json["items"] as? [[String: Any]] ?? [] }
  var position: String { headers["onefold-position"] ?? "" }
}
