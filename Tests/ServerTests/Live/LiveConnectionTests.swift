// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import TestSupport
import Testing

@testable import Server

/// Over real sockets, with the log in memory.
struct LiveConnectionTests {
  private let log = MemoryEventLog()
  private let owner = UUID.v7()

  private struct Setting {
    let port: Int
    let tokens: Tokens
    let owner: UUID
    let token: String
    let group: ServiceGroup
    let feed: LiveFeed
  }

  private func run(
    lifetime: Duration = .seconds(600), limits: LiveConnection.Limits = .init(),
    _ body: (Setting) async throws -> Void
  ) async throws {
    let tokens = try await Tokens(TokenConfiguration(secret: [UInt8](repeating: 7, count: 32), lifetime: lifetime))
    let token = try await tokens.issue(accountId: owner, role: .user, sessionId: .v7()).token
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let feed = LiveFeed(
      source: .init(log: log) { [log] past, timeout in
        if try await log.head() <= past { try await Task.sleep(for: min(timeout, .milliseconds(5))) }
        return try await log.head()
      }, limits: .init(coalescing: .milliseconds(1), poll: .milliseconds(20)), logger: logger)
    let live = LiveController(allowedOrigins: ["https://friend.example"])
    let router = RouterStack.router(requestLogLevel: .trace, behindTLS: false) { routes in
      live.addRoutes(to: routes.group("api/v1"))
    }
    let endpoint = LiveEndpoint(feed: feed, tokens: tokens, controller: live, limits: limits, logger: logger)
    try await RunningServer.with({ onRunning in
      [
        feed,
        HTTPService(
          router, at: .init(host: "127.0.0.1", port: 0), webSockets: endpoint.webSockets, onRunning: onRunning,
          logger: logger),
      ]
    }) { port, group in
      try await body(Setting(port: port, tokens: tokens, owner: owner, token: token, group: group, feed: feed))
    }
  }

  @discardableResult
  private func append(_ owner: UUID?, count: Int = 1) async throws -> Int64 {
    var last = Position.start
    for _ in 0..<count {
      let event = FileRestored(fileId: .v7())
      last = try await log.append(
        to: StreamName(category: "file", id: event.fileId), expected: .noStream,
        [NewEvent(event, owner: owner, actor: nil, correlationId: nil, causationId: nil)]
      ).last
    }
    return last.rawValue
  }

  /// Opens `/live` and authenticates; gives the position that the server begins at.
  private func open(_ connection: RawConnection, _ setting: Setting, after: Int64? = nil) async throws -> Int64? {
    #expect(try await connection.openWebSocket("/api/v1/live").status == 101)
    let position = after.map { ",\"after\":\($0)" } ?? ""
    try await connection.sendText("{\"type\":\"authenticate\",\"token\":\"\(setting.token)\"\(position)}")
    let ready = try await connection.receiveFrame()
    #expect(ready.type == "ready", "\(ready.text)")
    return ready.position
  }

  /// What the server says last: its error and the code of its Close.
  private func end(of connection: RawConnection) async throws -> (detail: String?, code: Int?) {
    var detail: String?
    while true {
      let frame = try await connection.receiveFrame()
      if frame.type == "error" { detail = frame.json["detail"] as? String }
      if frame.kind == .close { return (detail, frame.code) }
    }
  }

  @Test func sendsOwnEventsInOrderAndNoOthers() async throws {
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        let start = try await open(connection, setting) ?? 0
        try await append(.v7())
        let first = try await append(owner)
        try await append(nil)
        let second = try await append(owner, count: 3)
        var seen: [Int64] = []
        while seen.last != second { seen.append(try #require(try await connection.receiveEvent().position)) }
        #expect(seen == [first, second - 2, second - 1, second])
        #expect(start < first)
      }
    }
  }

  @Test func resumesAfterAPositionWithoutLossOrRepeat() async throws {
    try await append(owner, count: 5)
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        #expect(try await open(connection, setting, after: 2) == 2)
        let last = try await append(owner)
        var seen: [Int64] = []
        while seen.last != last {
          let event = try await connection.receiveEvent()
          #expect(event.type == "file.restored")
          seen.append(try #require(event.position))
        }
        #expect(seen == [3, 4, 5, 6])
      }
    }
  }

  @Test func manyReconnectsMissNothing() async throws {
    let total = 300
    try await run { setting async throws in
      async let writing: Int64 = append(owner, count: total)
      var seen: [Int64] = []
      while seen.count < total {
        try await RawConnection.with(port: setting.port) { connection async throws in
          _ = try await open(connection, setting, after: seen.last ?? 0)
          for _ in 0..<min(37, total - seen.count) {
            seen.append(try #require(try await connection.receiveEvent().position))
          }
          try await connection.cut()
        }
      }
      _ = try await writing
      #expect(seen == Array(1...Int64(total)))
    }
  }

  @Test func startsAtTheEndForAPositionThatTheLogDoesNotHave() async throws {
    try await append(owner, count: 2)
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        let start = try #require(try await open(connection, setting, after: 9999))
        #expect(start <= 2)
      }
    }
  }

  @Test func saysHowFarItIsWhenNothingHappens() async throws {
    var limits = LiveConnection.Limits()
    limits.heartbeat = .milliseconds(30)
    try await run(limits: limits) { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        _ = try await open(connection, setting)
        let elsewhere = try await append(.v7())
        while true {
          let frame = try await connection.receiveFrame()
          #expect(frame.type == "position")
          if frame.position == elsewhere { break }
        }
      }
    }
  }

  @Test(arguments: [
    "hello", "{\"type\":\"authenticate\",\"token\":\"nonsense\"}", "{\"type\":\"authenticate\"}",
  ])
  func closesWithoutAGoodToken(_ message: String) async throws {
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        #expect(try await connection.openWebSocket("/api/v1/live").status == 101)
        try await connection.sendText(message)
        let (detail, code) = try await end(of: connection)
        #expect(code == 4401)
        #expect(detail != nil)
        #expect(try await connection.receiveAll().isEmpty)
      }
    }
  }

  @Test func closesWhenNoTokenComes() async throws {
    var limits = LiveConnection.Limits()
    limits.timing.authentication = .milliseconds(50)
    try await run(limits: limits) { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        #expect(try await connection.openWebSocket("/api/v1/live").status == 101)
        #expect(try await end(of: connection).code == 4401)
      }
    }
  }

  @Test func closesWhenTheTokenExpires() async throws {
    try await run(lifetime: .seconds(5)) { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        #expect(try await connection.openWebSocket("/api/v1/live").status == 101)
        // Made now, so that a slow start of the server does not use it up.
        let token = try await setting.tokens.issue(accountId: setting.owner, role: .user, sessionId: .v7()).token
        try await connection.sendText("{\"type\":\"authenticate\",\"token\":\"\(token)\"}")
        #expect(try await connection.receiveFrame().type == "ready")
        let (detail, code) = try await end(of: connection)
        #expect(code == 4401)
        #expect(detail?.contains("expired") == true)
      }
    }
  }

  @Test func closesForAMessageThatIsTooLarge() async throws {
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        _ = try await open(connection, setting)
        let part = [UInt8](repeating: 0x61, count: 9000)
        try await connection.sendFrame(.text, part, isFinal: false)
        try await connection.sendFrame(.continuation, part)
        #expect(try await end(of: connection).code == 1009)
      }
      try await RawConnection.with(port: setting.port) { connection async throws in
        _ = try await open(connection, setting)
        try await connection.sendFrame(.text, [UInt8](repeating: 0x61, count: 20_000))
        #expect(try await end(of: connection).code == 1009)
      }
    }
  }

  @Test func closesForAFrameWithoutAMask() async throws {
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        #expect(try await connection.openWebSocket("/api/v1/live").status == 101)
        try await connection.sendFrame(.text, Array("{}".utf8), isMasked: false)
        #expect(try await end(of: connection).code == 1002)
      }
    }
  }

  @Test func answersPingsAndCloses() async throws {
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        _ = try await open(connection, setting)
        try await connection.sendFrame(.ping, [1, 2, 3])
        while true {
          let frame = try await connection.receiveFrame()
          if frame.kind == .pong {
            #expect(frame.payload == [1, 2, 3])
            break
          }
        }
        try await connection.sendFrame(.close, [0x03, 0xe8])
        #expect(try await end(of: connection).code == 1000)
      }
    }
  }

  @Test func saysGoodbyeWhenTheServerStops() async throws {
    try await run { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        _ = try await open(connection, setting)
        await setting.group.triggerGracefulShutdown()
        #expect(try await end(of: connection).code == 1001)
        try await connection.sendFrame(.close, [0x03, 0xe9])
        _ = try await connection.receiveAll()
      }
    }
  }

  @Test func refusesForeignOrigins() async throws {
    try await run { setting async throws in
      for (origin, status) in [
        ("http://localhost", 101), ("https://LOCALHOST", 101), ("https://friend.example", 101),
        ("https://evil.example", 403), ("null", 403), ("http://localhost.evil.example", 403),
      ] {
        try await RawConnection.with(port: setting.port) { connection async throws in
          let response = try await connection.openWebSocket("/api/v1/live", headers: [("Origin", origin)])
          #expect(response.status == status, "\(origin)")
        }
      }
    }
  }

  @Test func answersWithoutAnUpgrade() async throws {
    try await run { setting async throws in
      let client = RawClient(port: setting.port)
      let plain = try await client.request("GET", "/api/v1/live")
      #expect(plain.status == 426)
      #expect(plain.problem == "upgrade-required")
      let other = try await client.request(
        "GET", "/api/v1/live", headers: [("Upgrade", "h2c"), ("Connection", "Upgrade")])
      #expect(other.status == 426)
    }
  }

  @Test func cutsAClientThatTakesNothing() async throws {
    var limits = LiveConnection.Limits()
    limits.stall = .milliseconds(100)
    try await run(limits: limits) { setting async throws in
      try await RawConnection.with(port: setting.port) { connection async throws in
        _ = try await open(connection, setting, after: 0)
        // Nothing is read from here on, until the buffers on the way are full.
        let payload = String(repeating: "x", count: 8000)
        for _ in 0..<2000 {
          let event = FileUploaded(
            fileId: .v7(), path: payload, digest: Digest(bytes: [UInt8](repeating: 0, count: 32)), size: 1,
            contentType: nil, jobClass: .bulk)
          _ = try await log.append(
            to: StreamName(category: "file", id: event.fileId), expected: .noStream,
            [NewEvent(event, owner: owner, actor: nil, correlationId: nil, causationId: nil)])
        }
        try await eventually { setting.feed.count == 0 }
      }
    }
  }
}
