// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Logging

/// How the HTTP server behaves; plain values with defaults.
public struct ServerConfiguration: Sendable {
  public var host: String
  /// 0 lets the system choose; ``ServerApplication/boundPort`` tells which.
  public var port: Int
  /// A built dashboard; nil, or one without `index.html`, shows a page that says how to build it.
  public var dashboardDirectory: URL?
  public var registrationIsOpen = true
  /// The largest file that is taken.
  public var maxUploadBytes: Int64 = 64_000_000_000
  /// Origins, such as `https://example.org`, whose pages may open the WebSocket besides the server's own.
  public var allowedOrigins: [String] = []
  /// Clients reach the server through TLS, which something before it ends: cookies are `Secure`, browsers are told to insist on it.
  public var isBehindTLS = false
  /// The last address in `X-Forwarded-For` is that of the client. Only right behind a proxy that sets it.
  public var trustsForwardedFor = false
  public var loginLimits = LoginLimits()
  /// How long a read waits for its `?wait=` position.
  public var readTimeout = Duration.seconds(10)
  /// How long the answer to a write with an `Idempotency-Key` is kept for its repetition.
  public var answerRetention = Duration.seconds(86_400)
  public var maxConnections = 4096
  /// The level of the line that each request writes.
  public var requestLogLevel = Logger.Level.info
  /// How long tables are kept that a rebuild has replaced; told to administrators.
  public var rollbackWindow = Duration.seconds(24 * 3600)
  /// Between two messages on a live connection.
  public var liveHeartbeat = Duration.seconds(10)

  public init(host: String = "127.0.0.1", port: Int = 8080) {
    self.host = host
    self.port = port
  }

  /// Tries at a password, as token buckets: a burst, refilled over the time.
  public struct LoginLimits: Sendable {
    /// For one address of a client and one email.
    public var triesPerAccount = 10
    /// For one address of a client, whatever the email; registrations count too.
    public var triesPerAddress = 120
    public var refillTime = Duration.seconds(60)

    public init() {}
  }
}
