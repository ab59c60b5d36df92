// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Server
import TestSupport
import Testing

/// `/live` against real projections: an event is told once every table shows its effect.
struct LiveTests {
  @Test func tellsOfAnEventOnlyOnceItCanBeRead() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      try await RawConnection.with(port: server.port) { connection async throws in
        try await connection.authenticate(anna)
        for number in 0..<20 {
          let file = try await anna.put("f\(number)", "content \(number)")
          while try await connection.receiveEvent().position.map(String.init) != file.position {}
          // Without waiting.
          #expect(try await anna.get("files/\(file.id)").status == 200)
          #expect(try await anna.get("me").json["usedBytes"] as? Int != 0)
        }
      }
    }
  }

  @Test func resumesOverReconnects() async throws {
    try await ServerUnderTest.run { server async throws in
      let anna = try await server.person("anna")
      var expected: [Int64] = []
      var seen: [Int64] = []
      for round in 0..<5 {
        // Half of them while nobody listens.
        for number in 0..<5 {
          _ = try await anna.put("r\(round)n\(number)", "content \(round) \(number)")
        }
        try await RawConnection.with(port: server.port) { connection async throws in
          try await connection.authenticate(anna, after: seen.last ?? 0)
          for number in 5..<10 { _ = try await anna.put("r\(round)n\(number)", "content \(round) \(number)") }
          let last = try await server.log.head().rawValue
          while (seen.last ?? 0) < last { seen.append(try #require(try await connection.receiveEvent().position)) }
        }
      }
      expected = try await server.log.read(after: .start, limit: 1000, filter: .owner(anna.id)).map(\.position.rawValue)
      #expect(seen == expected)
      #expect(seen.count > 100)
    }
  }

  @Test func closesWithoutAGoodToken() async throws {
    try await ServerUnderTest.run { server async throws in
      try await RawConnection.with(port: server.port) { connection async throws in
        #expect(try await connection.openWebSocket("/api/v1/live").status == 101)
        try await connection.sendText("{\"type\":\"authenticate\",\"token\":\"\"}")
        #expect(try await connection.receiveFrame().type == "error")
        #expect(try await connection.receiveFrame().code == 4401)
      }
    }
  }
}
