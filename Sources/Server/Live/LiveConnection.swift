// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Logging
import NIOCore
import NIOWebSocket
import Synchronization

/// One client of `/live`, from the opening of its WebSocket to the end: three tasks around one ``LiveConversation``.
///
/// The reader takes frames, the sender follows the feed, the timer sees to pings, expiry and clients that take nothing.
final class LiveConnection: Sendable {
  typealias Clock = ContinuousClock

  struct Limits: Sendable {
    var timing = LiveConversation.Timing()
    /// Bytes of a message from the client, whose only message is a token.
    var messageBytes = 16 * 1024
    /// Between two messages to the client, events or not.
    var heartbeat = Duration.seconds(10)
    /// How long one message may find no room on its way to the client.
    var stall = Duration.seconds(30)
    /// From our Close to the end of the connection, if the client does not answer.
    var linger = TimeAmount.seconds(2)
  }

  private let feed: LiveFeed
  private let verify: @Sendable (String) async throws -> AccessClaims
  private let limits: Limits
  private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
  private let channel: any Channel
  private let logger: Logger
  private let conversation: Mutex<LiveConversation>
  /// Since when the frame that is being written waits for room.
  private let writingSince = Mutex<Clock.Instant?>(nil)
  /// A Close has been sent, or is about to be.
  private let isClosing = Atomic(false)
  /// What the client may follow, once its token is accepted.
  private let admission = AsyncStream<Admission>.makeStream(bufferingPolicy: .bufferingOldest(1))

  private struct Admission {
    let owner: UUID
    let isAdmin: Bool
    let after: Position?
  }

  init(
    feed: LiveFeed, verify: @escaping @Sendable (String) async throws -> AccessClaims, limits: Limits,
    outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, channel: any Channel, logger: Logger
  ) {
    self.feed = feed
    self.verify = verify
    self.limits = limits
    self.outbound = outbound
    self.channel = channel
    self.logger = logger
    conversation = Mutex(LiveConversation(timing: limits.timing, at: .now))
  }

  /// Returns when the client has closed, or has not within ``Limits/linger`` after it was asked to.
  func run(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.closing { try await self.send() } }
      group.addTask { await self.closing { try await self.watch() } }
      await closing { try await self.read(inbound) }
      group.cancelAll()
    }
  }

  // MARK: Reading

  private func read(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>) async throws {
    var assembler = MessageAssembler(maxBytes: limits.messageBytes)
    for try await frame in inbound {
      conversation.withLock { $0.heard(at: .now) }
      if isClosing.load(ordering: .relaxed) {
        // Only the client's own Close is of interest now; what was on its way before it is not.
        if frame.opcode == .connectionClose { return }
        continue
      }
      do {
        guard let message = try assembler.add(frame) else { continue }
        if try await handle(message) == .closed { return }
      } catch let reason as CloseReason {
        await sayGoodbye(reason)
      }
    }
  }

  private enum AfterMessage { case open, closed }

  private func handle(_ message: MessageAssembler.Message) async throws -> AfterMessage {
    switch message {
    case .text(let text): try await perform(conversation.withLock { $0.received(text) })
    case .binary: try await perform(conversation.withLock { $0.receivedBinary() })
    case .ping(let data): try await write(WebSocketFrame(fin: true, opcode: .pong, data: data))
    case .pong: break
    case .close(let data):
      try await write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
      return .closed
    }
    return .open
  }

  private func perform(_ action: LiveConversation.Action) async throws {
    switch action {
    case .nothing: break
    case .verify(let token, let after): try await authenticate(token, after: after)
    case .ping: try await write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()))
    case .close(let reason): throw reason
    }
  }

  private func authenticate(_ token: String, after: Position?) async throws {
    let claims: AccessClaims
    do {
      claims = try await verify(token)
    } catch let error as TokenError {
      return try await perform(conversation.withLock { $0.refused(error.description) })
    }
    let expiry = Clock.now + .seconds(claims.expiresAt.timeIntervalSinceNow)
    conversation.withLock { $0.accepted(until: expiry) }
    admission.continuation.yield(Admission(owner: claims.accountId, isAdmin: claims.role == .admin, after: after))
  }

  // MARK: Sending

  private func send() async throws {
    var admissions = admission.stream.makeAsyncIterator()
    guard let admitted = await admissions.next() else { return }
    let subscription = feed.subscribe(owner: admitted.owner, isAdmin: admitted.isAdmin)
    defer { feed.end(subscription) }
    var cursor = try await place(admitted.after, in: subscription)
    var lastNotice = 0
    try await write(.text(LiveMessage.ready(cursor)))
    try await withThrowingTaskGroup(of: Void.self) { group in
      // The heartbeat wakes the sender like an event does, so that one task alone writes in order.
      group.addTask { [limits] in
        while !Task.isCancelled {
          subscription.wakeUp.yield()
          try await Task.sleep(for: limits.heartbeat)
        }
      }
      for await _ in subscription.wake {
        let before = cursor
        var sent = false
        while true {
          let step = try await feed.step(owner: subscription.owner, after: cursor)
          for event in step.events {
            try await write(.text(event.text))
            if event.endsAccount { throw CloseReason.unauthenticated("The account was closed.") }
            sent = true
          }
          guard step.through > cursor else { break }
          cursor = step.through
        }
        for notice in feed.notices(for: subscription, after: lastNotice) {
          try await write(.text(notice.text))
          lastNotice = notice.number
          sent = true
        }
        if cursor > before || !sent { try await write(.text(LiveMessage.position(cursor))) }
      }
      group.cancelAll()
    }
  }

  /// The position to send from. A client that has seen more than there is (the log was made anew) starts at the end.
  private func place(_ after: Position?, in subscription: LiveFeed.Subscription) async throws -> Position {
    guard let after, after > subscription.start else { return after ?? subscription.start }
    return try await after <= feed.head() ? after : subscription.start
  }

  private func write(_ frame: WebSocketFrame) async throws {
    // After a Close nothing may follow.
    guard !isClosing.load(ordering: .relaxed) else { throw CancellationError() }
    writingSince.withLock { $0 = $0 ?? .now }
    defer { writingSince.withLock { $0 = nil } }
    try await outbound.write(frame)
  }

  // MARK: Ending

  private func watch() async throws {
    while true {
      try await Task.sleep(
        until: min(conversation.withLock(\.nextTick), .now + min(limits.stall, .seconds(5))), clock: .continuous)
      if let since = writingSince.withLock({ $0 }), since.duration(to: .now) > limits.stall {
        // There is no room for a Close frame either.
        logger.debug("a live client takes nothing; its connection is cut")
        return channel.close(promise: nil)
      }
      try await perform(conversation.withLock { $0.tick(at: .now) })
    }
  }

  /// Runs a part, and says goodbye when it ends with a reason for the client.
  private func closing(_ part: () async throws -> Void) async {
    do {
      try await part()
    } catch let reason as CloseReason {
      await sayGoodbye(reason)
    } catch is CancellationError {
      // Another part has ended and seen to it.
    } catch is ChannelError {
      // The client went away.
    } catch {
      logger.warning("a live connection failed", metadata: ["error": "\(error)"])
      await sayGoodbye(.serverError)
    }
  }

  private func sayGoodbye(_ reason: CloseReason) async {
    guard isClosing.exchange(true, ordering: .relaxed) == false else { return }
    // Should the client neither read nor answer, the connection ends all the same.
    let channel = channel
    channel.eventLoop.scheduleTask(in: limits.linger) { channel.close(promise: nil) }
    try? await outbound.write(.text(LiveMessage.error(reason.detail)))
    try? await outbound.write(.close(reason.errorCode, reason: reason.detail))
  }
}
