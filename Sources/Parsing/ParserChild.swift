// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// One running `onefold-parser`, asked one question after the other.
///
/// It limits itself before it reads anything: memory, time, no files, no network, no other programs (see `Confinement`). Here is made sure that a
/// child that hangs is not waited for, and that its end is told as what it is. Its methods block their thread; unchecked, since whoever has
/// taken it from ``BlockingParser`` is alone with it.
final class ParserChild: @unchecked Sendable {
  private let pid: pid_t
  private let socket: Int32

  /// How long an answer may take, by the clock. The child's own limit, of processor time, is shorter: this is for one that sleeps.
  private static let patience = timeval(tv_sec: 60, tv_usec: 0)

  /// - Throws: ``ParsingError/unavailable(_:)``.
  init(program: String) throws(ParsingError) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw .unavailable("No socket for the parser: \(lastSystemError).")
    }
    defer { close(ends[1]) }
    var patience = Self.patience
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(ends[0], SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    do {
      pid = try Self.spawn(program, socket: ends[1])
    } catch {
      close(ends[0])
      throw error
    }
    socket = ends[0]
  }

  deinit {
    close(socket)
    if !hasEnded { _ = end() }
  }

  private var hasEnded = false

  private static func spawn(_ program: String, socket: Int32) throws(ParsingError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO)
    // What libraries say of a hostile file does not belong into anybody's log.
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), nil]
    // None of ours: secrets may be among them. The home of libvips is a place without modules, the readers of rarer formats.
    let variables = ["VIPSHOME=/nonexistent", "VIPS_CONCURRENCY=1", "MALLOC_ARENA_MAX=2"]
    let environment = variables.map { (text: String) in strdup(text) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var pid: pid_t = 0
    let failed = posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
    guard failed == 0 else {
      throw .unavailable("\(program) cannot be started: \(String(cString: strerror(failed))).")
    }
    return pid
  }

  /// Nil when it has ended instead: then it is not to be asked again, and `lastWords` say how.
  func ask(_ request: ParserRequest, of content: [UInt8]) -> ParserAnswer? {
    errno = 0
    guard send(request.header(of: content.count)), send(content), let header = receive(ParserAnswer.headerSize),
      let size = ParserAnswer.bodySize(header: header), let body = receive(size)
    else {
      let end = end()
      lastWords = Self.words(of: end)
      isUnfit = end.status & 0x7f == 0 && ParserExit.isUnfit(end.status >> 8 & 0xff)
      return nil
    }
    return ParserAnswer(header: header, body: body)
  }

  private(set) var lastWords = ""
  /// Whether it ended for want of something that has nothing to do with the content.
  private(set) var isUnfit = false

  private static func words(of end: (status: Int32, wasSlow: Bool)) -> String {
    if end.wasSlow { return "Reading it takes more than a minute." }
    // As <sys/wait.h> has it, in macros that Swift does not see.
    return switch end.status & 0x7f {
    case 0: "Reading it ended the parser (exit status \(end.status >> 8 & 0xff))."
    case SIGXCPU: "Reading it takes more than \(ParserLimits.seconds) seconds of a processor."
    case let signal: "Reading it ended the parser (signal \(signal))."
    }
  }

  private func send(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress
        let sent = Glibc.send(socket, start, rest.count, Int32(MSG_NOSIGNAL))
        if sent < 0, errno == EINTR { continue }
        guard sent > 0 else { return false }
        rest = rest.dropFirst(sent)
      }
      return true
    }
  }

  private func receive(_ count: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let received = recv(socket, buffer.baseAddress.map { $0 + filled }, count - filled, 0)
        if received < 0, errno == EINTR { continue }
        guard received > 0 else { return }
        filled += received
      }
    }
    return bytes.count == count ? bytes : nil
  }

  /// Ends it, and tells how it ended: a process that is ending already is not touched any more.
  private func end() -> (status: Int32, wasSlow: Bool) {
    // Before the next call that sets it.
    let wasSlow = errno == EAGAIN
    hasEnded = true
    kill(pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return (status, wasSlow)
  }
}

private var lastSystemError: String { String(cString: strerror(errno)) }
