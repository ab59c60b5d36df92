// SPDX-License-Identifier: Apache-2.0

internal import CLibpq
internal import Foundation
internal import Logging

extension Session {
  /// Opens a connection and prepares the session: settings, role.
  ///
  /// Checks every tenth of a second whether the time is up or the task cancelled.
  static func open(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) -> Session {
    let deadline = ContinuousClock.now + configuration.connectTimeout
    guard let connection = start(configuration.connectionParameters) else {
      throw PostgresError(.connection, "libpq is out of memory")
    }
    // From here on the session closes the connection, whatever happens.
    let session = Session(connection, logger: logger)
    var next = PGRES_POLLING_WRITING
    guard PQstatus(connection) != CONNECTION_BAD else { throw session.lost() }
    while next != PGRES_POLLING_OK {
      guard next != PGRES_POLLING_FAILED else { throw session.lost() }
      guard !Task.isCancelled else { throw PostgresError(.cancelled, "the task was cancelled while connecting") }
      guard ContinuousClock.now < deadline else {
        throw PostgresError(.connection, "no connection within \(configuration.connectTimeout)")
      }
      if isReady(PQsocket(connection), toRead: next == PGRES_POLLING_READING) { next = PQconnectPoll(connection) }
    }
    let settings = configuration.sessionSettings
      .map { "SET \($0.name) TO \($0.value.quoted(with: "'"))" }
      .joined(separator: "; ")
    try session.script(settings)
    return session
  }

  private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
    // libpq copies what it is given.
    let keywords = parameters.map { strdup($0.keyword) }
    let values = parameters.map { strdup($0.value) }
    defer { (keywords + values).forEach { free($0) } }
    return PQconnectStartParams(
      keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
  }

  private static func isReady(_ socket: Int32, toRead: Bool) -> Bool {
    var entry = pollfd(fd: socket, events: Int16(toRead ? POLLIN : POLLOUT), revents: 0)
    return poll(&entry, 1, 100) > 0
  }
}

/// Is there something to read, an end included?
func socketHasInput(_ socket: Int32) -> Bool {
  var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
  return poll(&entry, 1, 0) > 0
}
