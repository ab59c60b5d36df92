// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

struct LogHandlerTests {
  final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var sink: LogSink { LogSink { line in self.lines.withLock { $0.append(line) } } }
    var all: [String] { lines.withLock { $0 } }
  }

  let lines = Lines()

  func jsonLogger() -> Logger {
    Logger(label: "onefold.server") { JSONLogHandler(label: $0, level: .debug, sink: lines.sink) }
  }

  func object(_ index: Int = 0) throws -> [String: Any] {
    let line = try #require(lines.all.indices.contains(index) ? lines.all[index] : nil)
    #expect(line.hasSuffix("\n") && line.dropLast().allSatisfy { !$0.isNewline })
    return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test func writesOneObjectALine() throws {
    var logger = jsonLogger()
    logger[metadataKey: "hb.request.id"] = "r-1"
    logger.warning("slow \"query\"\n\u{1}\u{2028}", metadata: ["ms": "12", "list": ["a", ["b": "c"]], "path": "é/\\"])
    let object = try object()
    #expect(object["level"] as? String == "warning")
    #expect(object["logger"] as? String == "onefold.server")
    #expect(object["message"] as? String == "slow \"query\"\n\u{1}\u{2028}")
    #expect(object["requestId"] as? String == "r-1")
    let metadata = try #require(object["metadata"] as? [String: Any])
    #expect(metadata["ms"] as? String == "12")
    #expect(metadata["path"] as? String == "é/\\")
    let list = try #require(metadata["list"] as? [Any])
    #expect(list.first as? String == "a")
    #expect((list.last as? [String: String]) == ["b": "c"])
    let time = try #require(object["time"] as? String)
    #expect(
      try abs(Date(time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)).timeIntervalSinceNow) < 60
    )
  }

  @Test func leavesOutWhatIsBelowTheLevel() {
    var logger = jsonLogger()
    logger.logLevel = .error
    logger.warning("quiet")
    #expect(lines.all.isEmpty)
  }

  @Test func secretsAreHiddenAtAnyDepth() throws {
    jsonLogger().info(
      "signed in", metadata: ["refreshToken": "abc", "headers": ["Authorization": "Bearer x", "Host": "h"]])
    let text = try #require(lines.all.first)
    #expect(!text.contains("abc") && !text.contains("Bearer"))
    #expect(text.contains("\"Host\":\"h\""))
  }

  @Test func ownMetadataWinsOverTheLoggers() throws {
    var logger = jsonLogger()
    logger[metadataKey: "n"] = "1"
    logger.info("a", metadata: ["n": "2"])
    #expect((try object()["metadata"] as? [String: String]) == ["n": "2"])
  }

  @Test func terminalLineCannotBeForged() throws {
    let logger = Logger(label: "onefold") { TerminalLogHandler(label: $0, sink: lines.sink) }
    logger.info("uploaded", metadata: ["path": "a\u{1b}[2Jb\nc"])
    let line = try #require(lines.all.first)
    #expect(!line.contains("\u{1b}[2J"))
    #expect(line.dropLast().allSatisfy { !$0.isNewline })
    #expect(line.contains("uploaded"))
  }
}
