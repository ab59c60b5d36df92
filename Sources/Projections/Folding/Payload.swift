// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation

/// The members of an event's payload, read where they stand: no tree is built, and what nobody asks for is only passed over.
///
/// Each member costs one pass over the payload, a fraction of a microsecond. Members that are not asked for may be anything.
struct Payload {
  private let event: RecordedEvent

  init(_ event: RecordedEvent) { self.event = event }

  /// - Throws: ``UnreadableEvent`` when the member is missing or is no text.
  func text(_ name: StaticString) throws(UnreadableEvent) -> String {
    guard let text = try optionalText(name) else { throw unreadable(name, "is missing") }
    return text
  }

  /// Nil for a member that is missing or null.
  func optionalText(_ name: StaticString) throws(UnreadableEvent) -> String? {
    guard let value = try member(name) else { return nil }
    guard let text = JSONText.decode(event.payload[value]) else { throw unreadable(name, "is no text") }
    return text
  }

  func integer(_ name: StaticString) throws(UnreadableEvent) -> Int64 {
    guard let value = try member(name) else { throw unreadable(name, "is missing") }
    guard let number = Int64(ascii: event.payload[value]) else { throw unreadable(name, "is no whole number") }
    return number
  }

  func uuid(_ name: StaticString) throws(UnreadableEvent) -> UUID {
    guard let value = try member(name) else { throw unreadable(name, "is missing") }
    guard let id = UUID(quoted: event.payload[value]) else { throw unreadable(name, "is no identifier") }
    return id
  }

  /// The text of a `sha256:` digest.
  func digest(_ name: StaticString = "digest") throws(UnreadableEvent) -> String {
    let text = try text(name)
    guard text.utf8.count == 71, text.hasPrefix("sha256:") else { throw unreadable(name, "is no digest") }
    return text
  }

  /// Where a member's value stands; nil when it is missing or null.
  private func member(_ name: StaticString) throws(UnreadableEvent) -> Range<Int>? {
    let found = event.payload.withUnsafeBufferPointer { bytes in
      var scanner = JSONScanner(bytes)
      return scanner.value(of: name)
    }
    switch found {
    case .value(let range): return range
    case .missing: return nil
    case .malformed: throw UnreadableEvent(event, "the payload is no JSON object")
    }
  }

  /// Names the member and never its value, which may be personal.
  private func unreadable(_ name: StaticString, _ what: String) -> UnreadableEvent {
    UnreadableEvent(event, "the member \"\(name)\" \(what)")
  }
}

/// An event whose payload this program cannot read, now or at any later try.
struct UnreadableEvent: Error, Equatable, CustomStringConvertible {
  let position: Position
  let reason: String

  init(_ event: RecordedEvent, _ reason: String) {
    position = event.position
    self.reason = reason
  }

  var description: String { reason }
}
