// SPDX-License-Identifier: Apache-2.0

public import Foundation
import Glibc
public import Logging

/// A private Redis on a Unix socket. It is a transport, never a record: losing its files loses nothing.
public struct LocalRedis: LocalServer {
  public let name = "redis"
  private let home: ServiceHome
  private let settings: [String]
  private let logger: Logger

  /// - Parameter settings: arguments for `redis-server` after the defaults, for example `["--appendonly", "no"]`.
  public init(home: ServiceHome, settings: [String] = [], logger: Logger) {
    self.home = home
    self.settings = settings
    self.logger = logger
  }

  private var data: URL { home.directory.appending(path: "redis") }
  private var log: URL { home.directory.appending(path: "log/redis.log") }
  private var socket: URL { home.sockets.appending(path: "redis.sock") }

  public var url: String { "unix://\(socket.path)" }

  public func start() async throws -> ChildProcess {
    guard
      let program = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].first(
        where: FileManager.default.isExecutableFile)
    else {
      throw LocalServiceError(
        "redis-server is not installed. Run `make setup`, or set REDIS_URL to a server of your own.")
    }
    try home.makePrivate(data)
    // One left behind by a killed parent ends by its death signal; its socket must not be taken for the new one's.
    try? FileManager.default.removeItem(at: socket)
    let child = try await ChildProcess.start(
      name: name, program: program,
      arguments: [
        "--port", "0", "--unixsocket", socket.path, "--unixsocketperm", "700", "--dir", data.path,
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
        "--daemonize", "no", "--loglevel", "notice",
      ] + settings,
      account: home.account, deathSignal: "TERM", directory: data, log: log)
    let deadline = ContinuousClock.now + .seconds(60)
    while !answersPing() {
      if let status = child.exitStatus {
        throw LocalServiceError("Redis ended with status \(status); its reason is at the end of \(log.path).")
      }
      guard ContinuousClock.now < deadline else {
        await stop(child)
        throw LocalServiceError("Redis was not ready within a minute; see \(log.path).")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    return child
  }

  public func stop(_ child: ChildProcess) async {
    await child.stop(gentle: SIGTERM, firm: SIGKILL, patience: .seconds(10))
  }

  /// While Redis loads its file it answers `-LOADING`, so an open socket alone is not enough.
  private func answersPing() -> Bool {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(socket.path.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { return false }
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let ping = Array("PING\r\n".utf8)
    guard send(descriptor, ping, ping.count, Int32(MSG_NOSIGNAL)) == ping.count else { return false }
    var answer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &answer, answer.count, 0)
    return count > 0 && answer.prefix(count).starts(with: "+PONG".utf8)
  }
}
