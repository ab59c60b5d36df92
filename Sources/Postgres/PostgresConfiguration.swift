// SPDX-License-Identifier: Apache-2.0

internal import CLibpq
internal import Foundation

/// How to reach a database, and under which limits.
public struct PostgresConfiguration: Sendable {
  /// A libpq connection string: `postgres://user:password@host:port/database?host=/socket/dir&sslmode=verify-full…`.
  ///
  /// libpq parses it when a connection is opened, so every parameter of libpq works, TLS among them, and what it says
  /// wins over the defaults below. A malformed one makes ``PostgresConnection/connect(_:logger:file:line:)`` throw.
  public var url: String

  /// The name under which the connection appears in `pg_stat_activity`.
  public var applicationName: String

  /// The role to work under after connecting (`SET ROLE`), usually one with fewer privileges than the one that signs
  /// in.
  public var role: String?

  /// How long opening one connection may take, name lookup apart.
  public var connectTimeout: Duration

  /// The server ends a statement that takes longer (SQLSTATE 57014). Nil: no limit.
  public var statementTimeout: Duration?

  public init(
    url: String, applicationName: String = "onefold", role: String? = nil,
    connectTimeout: Duration = .seconds(10), statementTimeout: Duration? = .seconds(30)
  ) {
    self.url = url
    self.applicationName = applicationName
    self.role = role
    self.connectTimeout = connectTimeout
    self.statementTimeout = statementTimeout
  }

  /// The same server and the same user, and another database.
  ///
  /// - Precondition: the name is of letters, digits and underscores, so that it needs no quotes anywhere.
  public func onDatabase(_ name: String) -> PostgresConfiguration {
    precondition(name.utf8.allSatisfy { $0 == 95 || 48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 }, "\(name)")
    var other = self
    guard let scheme = url.range(of: "://") else {
      other.url = url + " dbname=\(name)"  // Keywords and values, of which the last counts.
      return other
    }
    let query = url[scheme.upperBound...].firstIndex(of: "?") ?? url.endIndex
    let path = url[scheme.upperBound..<query].firstIndex(of: "/") ?? query
    other.url = "\(url[..<path])/\(name)\(url[query...])"
    return other
  }

  /// What libpq is given: our defaults first, then the URL, so that the URL wins.
  var connectionParameters: [(keyword: String, value: String)] {
    [
      ("client_encoding", "UTF8"),
      ("fallback_application_name", applicationName),
      // A peer that vanished without a word is noticed after about a minute, not after the kernel's two hours.
      ("keepalives_idle", "30"),
      ("keepalives_interval", "10"),
      ("keepalives_count", "3"),
      ("tcp_user_timeout", "60000"),
      ("dbname", url),
    ]
  }

  /// What every new session is told first.
  var sessionSettings: [(name: String, value: String)] {
    var settings = [("TimeZone", "UTC")]
    // The server's default may be anything: nil means no limit, and must be said.
    settings.append(("statement_timeout", String(statementTimeout?.wholeMilliseconds ?? 0)))
    if let role { settings.append(("role", role)) }
    return settings
  }
}

extension PostgresConfiguration: CustomStringConvertible {
  /// Where it leads, and never the password.
  public var description: String {
    guard let options = PQconninfoParse(url, nil) else { return "a malformed connection string" }
    defer { PQconninfoFree(options) }
    var parts: [String] = []
    var option = options
    while let keyword = option.pointee.keyword.map({ String(cString: $0) }) {
      if ["host", "hostaddr", "port", "dbname", "user", "sslmode"].contains(keyword), let value = option.pointee.val {
        parts.append("\(keyword)=\(String(cString: value))")
      }
      option += 1
    }
    if let role { parts.append("role=\(role)") }
    return parts.joined(separator: " ")
  }
}

extension Duration {
  /// Rounded up, so that a short limit never becomes 0, which would mean none.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
