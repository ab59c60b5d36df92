// SPDX-License-Identifier: Apache-2.0

import Foundation
import Redis
import TestSupport
import Testing

@Suite("Redis: connection")
struct RedisConnectionTests {
  @Test func carriesAnyBytes() async throws {
    try await withRedis { configuration in
      let connection = try await RedisConnection.connect(configuration)
      let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
      _ = try await connection.command(["SET", .bytes([0, 255]), .bytes(bytes)])
      #expect(try await connection.command(["GET", .bytes([0, 255])]).bytes == bytes)
      #expect(try await connection.command(["GET", "absent"]).isNull)
      await connection.close()
    }
  }

  @Test func pipelineAnswersInOrderAndKeepsErrorsInPlace() async throws {
    try await withRedis { configuration in
      let connection = try await RedisConnection.connect(configuration)
      let commands: [[RedisArgument]] = (0..<500).map { ["RPUSH", "list", RedisArgument($0)] }
      let replies = try await connection.pipeline(commands + [["GET", "list"], ["LLEN", "list"]])
      #expect(replies.prefix(500).map(\.int) == (1...500).map { $0 })
      guard case .error(let error) = replies[500] else { return #expect(Bool(false), "GET of a list should fail") }
      #expect(error.serverCode == "WRONGTYPE")
      #expect(replies[501].int == 500)
    }
  }

  @Test func commandThrowsTheServersError() async throws {
    try await withRedis { configuration in
      let connection = try await RedisConnection.connect(configuration)
      let error = await #expect(throws: RedisError.self) { try await connection.command(["NO-SUCH-COMMAND"]) }
      #expect(error?.code == .server)
      #expect(await connection.isUsable)
    }
  }

  @Test func signsInAndChoosesTheDatabase() async throws {
    try await withRedis { configuration in
      let admin = try await RedisConnection.connect(configuration)
      _ = try await admin.command(["CONFIG", "SET", "requirepass", "secret"])
      await admin.close()
      var configuration = configuration
      configuration.password = "secret"
      configuration.database = 5
      let connection = try await RedisConnection.connect(configuration)
      let info = try #require(try await connection.command(["CLIENT", "INFO"]).string)
      #expect(info.contains(" db=5 "))
      #expect(info.contains(" name=onefold "))

      configuration.password = "wrong"
      let error = await #expect(throws: RedisError.self) { try await RedisConnection.connect(configuration) }
      #expect(error?.serverCode == "WRONGPASS")
    }
  }

  @Test func speaksTCPWithEverythingTheURLSays() async throws {
    let port = try freePort()
    try await withRedis(settings: ["--port", "\(port)", "--appendonly", "no"]) { configuration in
      let admin = try await RedisConnection.connect(configuration)
      _ = try await admin.command(["ACL", "SETUSER", "worker", "on", ">p@ss", "~*", "+@all"])
      await admin.close()
      let url = "redis://worker:p%40ss@127.0.0.1:\(port)/2"
      let connection = try await RedisConnection.connect(RedisConfiguration(url: url))
      #expect(try await connection.command(["ACL", "WHOAMI"]).string == "worker")
      let info = try #require(try await connection.command(["CLIENT", "INFO"]).string)
      #expect(info.contains(" db=2 "))
    }
  }

  /// A port that nothing listens on. Another program may take it meanwhile; then the server does not start and says so.
  func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    try #require(status == 0)
    return UInt16(bigEndian: address.sin_port)
  }

  @Test func silentServerRunsIntoTheTimeLimitAndTheLateReplyIsNotMixedUp() async throws {
    try await withRedis { configuration in
      var configuration = configuration
      configuration.commandTimeout = .milliseconds(200)
      let connection = try await RedisConnection.connect(configuration)
      let error = await #expect(throws: RedisError.self) {
        try await connection.command(["BLPOP", "nothing", "0.5"])
      }
      #expect(error?.code == .timeout)
      #expect(try await connection.command(["ECHO", "mine"]).string == "mine")
    }
  }

  @Test func closedConnectionRefusesCommands() async throws {
    try await withRedis { configuration in
      let connection = try await RedisConnection.connect(configuration)
      await connection.close()
      let error = await #expect(throws: RedisError.self) { try await connection.command(["PING"]) }
      #expect(error?.code == .closed)
    }
  }

  @Test func refusedConnectionIsTransientAndSpacedByBackoff() async throws {
    var configuration = try RedisConfiguration(url: "unix:///tmp/onefold-no-such-redis.sock")
    configuration.backoff = Backoff(first: .seconds(60), longest: .seconds(60))
    let connection = RedisConnection(configuration)
    let first = await #expect(throws: RedisError.self) { try await connection.command(["PING"]) }
    #expect(first?.code == .connection)
    #expect(first?.isTransient == true)
    let second = await #expect(throws: RedisError.self) { try await connection.command(["PING"]) }
    #expect(second == first)
  }
}
