// SPDX-License-Identifier: Apache-2.0

/// What went wrong between us and Redis.
public struct RedisError: Error, Sendable, Equatable {
  public enum Code: String, Sendable {
    /// The settings make no sense. Nothing was sent.
    case configuration
    /// No connection, or it broke. A command that was under way may or may not have been carried out.
    case connection
    /// No answer within the time limit. The command may or may not have been carried out.
    case timeout
    /// Redis answered with an error; ``RedisError/serverCode`` has its first word.
    case server
    /// The answer was not what the command promises.
    case decoding
    /// The calling task was cancelled.
    case cancelled
    /// The connection or the client was closed by us.
    case closed
  }

  public var code: Code
  public var message: String
  /// The first word of the server's error, such as `NOSCRIPT` or `BUSYGROUP`.
  public var serverCode: String?
  public var file: String
  public var line: Int

  public init(
    _ code: Code, _ message: String, serverCode: String? = nil, file: String = #fileID, line: Int = #line
  ) {
    self.code = code
    self.message = message
    self.serverCode = serverCode
    self.file = file
    self.line = line
  }

  /// Reads an error reply: `CODE some words`.
  init(reply: String, file: String = #fileID, line: Int = #line) {
    self.init(.server, reply, serverCode: String(reply.prefix { $0 != " " }), file: file, line: line)
  }

  /// Whether the same command may succeed later. Whether it may be *sent* again is the caller's to know:
  /// after ``Code/connection`` and ``Code/timeout`` it may have been carried out.
  public var isTransient: Bool {
    switch code {
    case .connection, .timeout: true
    case .server: Self.transientServerCodes.contains(serverCode ?? "")
    case .configuration, .decoding, .cancelled, .closed: false
    }
  }

  private static let transientServerCodes: Set<String> = [
    "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY", "TRYAGAIN",
  ]

  /// The group does not exist: never created, or Redis was emptied.
  public var isNoGroup: Bool { serverCode == "NOGROUP" }

  /// XADD named an id that is not greater than the stream's last.
  public var isStreamIDTooSmall: Bool { code == .server && message.contains("equal or smaller than the target stream") }

  /// Two errors are equal when they say the same, wherever they were made.
  public static func == (left: RedisError, right: RedisError) -> Bool {
    left.code == right.code && left.message == right.message
  }
}

extension RedisError: CustomStringConvertible {
  public var description: String { "Redis \(code.rawValue): \(message) (\(file):\(line))" }
}
