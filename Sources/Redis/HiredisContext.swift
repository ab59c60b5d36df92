// SPDX-License-Identifier: Apache-2.0

import CHiredis
import Foundation
import Synchronization

/// Owns one `redisContext`. Its calls block; one thread uses it at a time.
///
/// After any thrown error but a server's, the context is spent: a late reply would be taken for the next command's.
final class HiredisContext {
  private let context: UnsafeMutablePointer<redisContext>
  private let socket: InterruptibleSocket
  private var timeLimit: Duration

  /// Connects. Nothing is sent yet.
  init(_ configuration: RedisConfiguration, socket: InterruptibleSocket) throws(RedisError) {
    let limit = timeval(configuration.connectTimeout)
    let made =
      switch configuration.address {
      case .tcp(let host, let port): redisConnectWithTimeout(host, Int32(port), limit)
      case .unix(let path): redisConnectUnixWithTimeout(path, limit)
      }
    guard let context = made else { throw RedisError(.connection, "hiredis has no memory for a connection.") }
    guard context.pointee.err == 0 else {
      defer { redisFree(context) }
      throw RedisError(.connection, "\(configuration): \(Self.message(of: context))")
    }
    self.context = context
    self.socket = socket
    timeLimit = configuration.commandTimeout
    redisSetTimeout(context, timeval(configuration.commandTimeout))
    if case .tcp = configuration.address { redisEnableKeepAlive(context) }
    // Children that this process starts must not hold the connection open.
    _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
    socket.open(context.pointee.fd)
  }

  /// Connects, signs in and chooses the database.
  static func signedIn(
    _ configuration: RedisConfiguration, socket: InterruptibleSocket
  ) throws(RedisError) -> HiredisContext {
    let context = try HiredisContext(configuration, socket: socket)
    for reply in try context.perform(configuration.greeting, limit: configuration.commandTimeout) {
      _ = try reply.get()
    }
    return context
  }

  deinit {
    socket.forget()
    redisFree(context)
  }

  /// Sends all commands, then reads all replies.
  ///
  /// - Parameter limit: how long each part of a reply may be silent.
  func perform(_ request: RedisRequest, limit: Duration) throws(RedisError) -> [RedisValue] {
    if limit != timeLimit {
      redisSetTimeout(context, timeval(limit))
      timeLimit = limit
    }
    let appended = request.bytes.withUnsafeBytes { bytes in
      redisAppendFormattedCommand(context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard appended == REDIS_OK else { throw failure(errno) }
    var values: [RedisValue] = []
    values.reserveCapacity(request.replies)
    for _ in 0..<request.replies {
      var reply: UnsafeMutableRawPointer?
      guard redisGetReply(context, &reply) == REDIS_OK, let reply else { throw failure(errno) }
      defer { freeReplyObject(reply) }
      values.append(RedisValue(reply.assumingMemoryBound(to: redisReply.self).pointee))
    }
    return values
  }

  /// Whether the server has hung up. Between commands nothing may arrive, so anything readable means the end.
  ///
  /// Asked before sending, it keeps a server's restart from turning into a command of unknown outcome.
  var isHungUp: Bool {
    var descriptor = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) != 0
  }

  private func failure(_ reason: Int32) -> RedisError {
    // hiredis reports a passed SO_RCVTIMEO as an input error with this reason.
    if context.pointee.err == REDIS_ERR_IO, reason == EAGAIN {
      return RedisError(.timeout, "No answer within \(timeLimit).")
    }
    return RedisError(.connection, Self.message(of: context))
  }

  private static func message(of context: UnsafeMutablePointer<redisContext>) -> String {
    withUnsafeBytes(of: context.pointee.errstr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

extension RedisConfiguration {
  fileprivate var greeting: RedisRequest {
    var commands: [[RedisArgument]] = []
    if let password {
      let user = username.map { [RedisArgument.string($0)] } ?? []
      commands.append(["AUTH"] + user + [.string(password)])
    }
    if database != 0 { commands.append(["SELECT", RedisArgument(database)]) }
    commands.append(["CLIENT", "SETNAME", .string(clientName)])
    return RedisRequest(commands)
  }
}

/// Lets any thread end a blocking read of another.
///
/// The lock is held while the descriptor is used, so that a number which was closed and given out again is never touched.
final class InterruptibleSocket: Sendable {
  private let descriptor = Mutex<Int32?>(nil)

  func open(_ number: Int32) { descriptor.withLock { $0 = number } }

  func forget() { descriptor.withLock { $0 = nil } }

  /// The blocked read returns at once, as if the peer had hung up.
  func interrupt() {
    descriptor.withLock { number in
      guard let number else { return }
      shutdown(number, Int32(SHUT_RDWR))
    }
  }
}

extension RedisValue {
  fileprivate init(_ reply: redisReply) {
    switch reply.type {
    case REDIS_REPLY_STRING: self = .bulk(Array(Self.bytes(of: reply)))
    case REDIS_REPLY_STATUS: self = .simple(String(decoding: Self.bytes(of: reply), as: UTF8.self))
    case REDIS_REPLY_ERROR: self = .error(RedisError(reply: String(decoding: Self.bytes(of: reply), as: UTF8.self)))
    case REDIS_REPLY_INTEGER: self = .integer(Int64(reply.integer))
    case REDIS_REPLY_ARRAY:
      self = .array(
        UnsafeBufferPointer(start: reply.element, count: reply.elements).map { element in
          element.map { RedisValue($0.pointee) } ?? .null
        })
    default: self = .null
    }
  }

  private static func bytes(of reply: redisReply) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len)
  }
}

extension timeval {
  fileprivate init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
  }
}
