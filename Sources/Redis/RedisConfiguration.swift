// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a Redis server is, how to sign in, and how long to wait for it.
public struct RedisConfiguration: Sendable, Equatable {
  public enum Address: Sendable, Equatable {
    case tcp(host: String, port: Int)
    /// The path of a Unix socket.
    case unix(path: String)
  }

  public var address: Address
  /// Nil signs in as `default`, which needs only the password.
  public var username: String?
  public var password: String?
  public var database: Int
  /// Shown by `CLIENT LIST`.
  public var clientName: String = "onefold"
  public var connectTimeout: Duration = .seconds(5)
  /// How long a reply may be silent. A command that waits on purpose (BLOCK) gets this on top of its own wait.
  public var commandTimeout: Duration = .seconds(5)
  public var backoff = Backoff()

  public init(address: Address, username: String? = nil, password: String? = nil, database: Int = 0) {
    self.address = address
    self.username = username
    self.password = password
    self.database = database
  }

  /// Reads `redis://[user:password@]host[:port][/database]` or `unix:///path/to/redis.sock[?db=database]`.
  ///
  /// A user name without a colon is taken for a user without a password; `redis://:secret@host` gives only a password.
  /// - Throws: ``RedisError`` with code ``RedisError/Code/configuration``, naming what is wrong and never the password.
  public init(url: String) throws(RedisError) {
    guard let parts = URLComponents(string: url), let scheme = parts.scheme else {
      throw RedisError(.configuration, "The Redis URL cannot be read.")
    }
    let name = parts.user.flatMap { $0.isEmpty ? nil : $0 }
    switch scheme {
    case "redis":
      guard let host = parts.host, !host.isEmpty else {
        throw RedisError(.configuration, "The Redis URL names no host.")
      }
      self.init(
        address: .tcp(host: host.trimmingCharacters(in: ["[", "]"]), port: parts.port ?? 6379),
        username: name, password: parts.password,
        database: try Self.database(in: String(parts.path.drop { $0 == "/" })))
    case "unix":
      guard parts.path.hasPrefix("/") else {
        throw RedisError(.configuration, "The Redis URL names no socket: write unix:///path/to/redis.sock.")
      }
      guard parts.path.utf8.count <= Self.maxSocketPathBytes else {
        throw RedisError(
          .configuration,
          "The socket's path has \(parts.path.utf8.count) bytes; Linux allows \(Self.maxSocketPathBytes).")
      }
      let database = parts.queryItems?.first { $0.name == "db" }?.value ?? ""
      self.init(
        address: .unix(path: parts.path), username: name, password: parts.password,
        database: try Self.database(in: database))
    case "rediss":
      throw RedisError(
        .configuration, "rediss:// (TLS) is not supported: put a TLS tunnel before Redis, or use a private network.")
    default:
      throw RedisError(.configuration, "The Redis URL begins with \(scheme)://; redis:// and unix:// are known.")
    }
  }

  /// `sun_path` has 108 bytes with its NUL.
  private static let maxSocketPathBytes = 107

  private static func database(in text: String) throws(RedisError) -> Int {
    guard !text.isEmpty else { return 0 }
    guard let number = Int(text), number >= 0 else {
      throw RedisError(.configuration, "\"\(text)\" is not the number of a Redis database.")
    }
    return number
  }
}

extension RedisConfiguration: CustomStringConvertible {
  /// The address and the database, without the password.
  public var description: String {
    switch address {
    case .tcp(let host, let port): "redis://\(host):\(port)/\(database)"
    case .unix(let path): "unix://\(path)?db=\(database)"
    }
  }
}
