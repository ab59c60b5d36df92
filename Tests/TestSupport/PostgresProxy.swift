// SPDX-License-Identifier: Apache-2.0

public import Foundation
import Glibc
public import Postgres
import Synchronization

/// Stands between a client and a Postgres on a Unix socket, and can cut a connection when the server's answer has come and before the
/// client hears of it: the moment after which only the log knows what became of a commit.
public final class PostgresProxy: Sendable {
  private enum Mode {
    case passes
    /// Cuts the connection on which the server speaks for the so many-th time from now.
    case cuts(Int)
    case refuses
  }

  private struct State {
    var mode = Mode.passes
    var cuts = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let listener: Int32
  private let target: String
  private let directory: URL

  /// Listens in a directory of its own.
  ///
  /// - Parameter configuration: names the directory of the server's socket as its `host`.
  public init(to configuration: PostgresConfiguration) throws {
    let host = URLComponents(string: configuration.url)?.queryItems?.first { $0.name == "host" }?.value ?? ""
    target = "\(host)/.s.PGSQL.5432"
    directory = try TestServices.makeDirectory("proxy")
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let bound = Self.withAddress("\(directory.path)/.s.PGSQL.5432") { bind(listener, $0, $1) }
    guard listener >= 0, bound == 0, listen(listener, 64) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    Thread.detachNewThread { [self] in accept() }
  }

  /// The same database, through the proxy.
  public func configuration(_ configuration: PostgresConfiguration) -> PostgresConfiguration {
    var through = configuration
    var components = URLComponents(string: configuration.url)
    components?.queryItems = [
      URLQueryItem(name: "host", value: directory.path), URLQueryItem(name: "port", value: "5432"),
    ]
    through.url = components?.string ?? configuration.url
    return through
  }

  /// How many connections were cut.
  public var cuts: Int { state.withLock { $0.cuts } }

  /// The next time the server speaks, or the one after so many times, nobody hears it.
  public func cut(after answers: Int = 0) { state.withLock { $0.mode = .cuts(answers) } }

  /// From the next word of the server on, nobody gets through.
  public func cutAndRefuse() { state.withLock { $0.mode = .refuses } }

  public func pass() { state.withLock { $0.mode = .passes } }

  public func close() {
    state.withLock { $0.isClosed = true }
    shutdown(listener, Int32(SHUT_RDWR))
    Glibc.close(listener)
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0, !state.withLock({ $0.isClosed }) else { return }
      let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      guard !isRefusing, Self.withAddress(target, { connect(server, $0, $1) }) == 0 else {
        Glibc.close(client)
        Glibc.close(server)
        continue
      }
      let pair = Pair(client: client, server: server)
      Thread.detachNewThread { pair.copy(from: client, to: server) { true } }
      Thread.detachNewThread { [self] in pair.copy(from: server, to: client) { mayPass() } }
    }
  }

  private var isRefusing: Bool {
    state.withLock { if case .refuses = $0.mode { true } else { false } }
  }

  private func mayPass() -> Bool {
    state.withLock { state in
      switch state.mode {
      case .passes: return true
      case .cuts(0): state.mode = .passes
      case .cuts(let answers):
        state.mode = .cuts(answers - 1)
        return true
      case .refuses: break
      }
      state.cuts += 1
      return false
    }
  }

  private static func withAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}

/// Two sockets, closed once both directions have ended.
private final class Pair: Sendable {
  private let client: Int32
  private let server: Int32
  private let ended = Atomic(0)

  init(client: Int32, server: Int32) {
    self.client = client
    self.server = server
  }

  func copy(from source: Int32, to target: Int32, while mayPass: () -> Bool) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    copying: while true {
      let count = read(source, &buffer, buffer.count)
      guard count > 0, mayPass() else { break }
      var sent = 0
      while sent < count {
        let written = buffer.withUnsafeBytes {
          send(target, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
        }
        guard written > 0 else { break copying }
        sent += written
      }
    }
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(server, Int32(SHUT_RDWR))
    guard ended.add(1, ordering: .acquiringAndReleasing).newValue == 2 else { return }
    close(client)
    close(server)
  }
}
