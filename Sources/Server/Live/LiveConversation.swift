// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation

/// What one client of `/live` may say and when, as a pure state machine: no socket, no clock.
struct LiveConversation {
  typealias Instant = ContinuousClock.Instant

  struct Timing: Sendable {
    /// From the opening to the first message.
    var authentication = Duration.seconds(10)
    /// Between two pings, on a connection that may be silent otherwise.
    var ping = Duration.seconds(30)
    /// Without any frame from the client, pongs included.
    var silence = Duration.seconds(75)
  }

  enum Phase: Equatable {
    /// The client has until then to send its token.
    case awaitingToken(until: Instant)
    /// The token is being checked.
    case verifying
    /// Events flow until the token expires.
    case open(until: Instant)
    /// Nothing more is said.
    case closed
  }

  enum Action: Equatable {
    case nothing
    case verify(token: String, after: Position?)
    case ping
    case close(CloseReason)
  }

  private(set) var phase: Phase
  private let timing: Timing
  private var lastHeard: Instant
  private var lastPing: Instant

  init(timing: Timing, at now: Instant) {
    self.timing = timing
    phase = .awaitingToken(until: now + timing.authentication)
    lastHeard = now
    lastPing = now
  }

  /// Any frame came, of whatever kind.
  mutating func heard(at now: Instant) { lastHeard = now }

  mutating func received(_ text: String) -> Action {
    switch phase {
    case .awaitingToken:
      guard let message = try? JSONDecoder().decode(Authenticate.self, from: Data(text.utf8)),
        message.type == "authenticate"
      else { return close(.unauthenticated("The first message must be an \"authenticate\" with a token.")) }
      guard message.after.map({ $0 >= 0 }) ?? true else {
        return close(.unexpected("The member \"after\" is not a position."))
      }
      phase = .verifying
      return .verify(token: message.token, after: message.after.map { Position($0) })
    case .verifying, .open:
      return close(.unexpected("Nothing more is expected after \"authenticate\"."))
    case .closed:
      return .nothing
    }
  }

  mutating func receivedBinary() -> Action { close(.unacceptable("Messages are JSON in text frames.")) }

  /// The token is good, until then.
  mutating func accepted(until expiry: Instant) {
    guard phase == .verifying else { return }
    phase = .open(until: expiry)
  }

  mutating func refused(_ detail: String) -> Action { close(.unauthenticated(detail)) }

  mutating func failed(_ reason: CloseReason) -> Action { close(reason) }

  /// To be called now and then; see ``nextTick``.
  mutating func tick(at now: Instant) -> Action {
    switch phase {
    case .awaitingToken(let deadline) where now >= deadline:
      return close(.unauthenticated("No token came in time."))
    case .open(let expiry) where now >= expiry:
      return close(.unauthenticated("The token has expired; refresh it and come back with \"after\"."))
    case .closed:
      return .nothing
    default:
      if now >= lastHeard + timing.silence { return close(.tooSlow) }
      guard now >= lastPing + timing.ping else { return .nothing }
      lastPing = now
      return .ping
    }
  }

  /// When ``tick(at:)`` has something to do next, unless something else happens before.
  var nextTick: Instant {
    let regular = min(lastPing + timing.ping, lastHeard + timing.silence)
    return switch phase {
    case .awaitingToken(let deadline): min(regular, deadline)
    case .open(let expiry): min(regular, expiry)
    case .verifying, .closed: regular
    }
  }

  private mutating func close(_ reason: CloseReason) -> Action {
    guard phase != .closed else { return .nothing }
    phase = .closed
    return .close(reason)
  }

  private struct Authenticate: Decodable {
    let type: String
    let token: String
    let after: Int64?
  }
}
