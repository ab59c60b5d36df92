// SPDX-License-Identifier: Apache-2.0

package import EventStore
package import Foundation

/// The members of an event's payload, read where they stand: no tree is built, and what nobody asks for is only passed over.
///
/// One pass over the payload, a fraction of a microsecond, finds them all. Members that are not asked for may be anything.
package struct Payload {
  private let position: Position
  private let bytes: [UInt8]
  private let members: [JSONScanner.Member]
  /// False for a payload that is no JSON object from some place on.
  private let isWhole: Bool

  package init(_ event: RecordedEvent) {
    position = event.position
    bytes = event.payload
    (members, isWhole) = bytes.withUnsafeBufferPointer { bytes in
      var scanner = JSONScanner(bytes)
      return scanner.members()
    }
  }

  /// - Throws: ``UnreadableEvent`` when the member is missing or is no text.
  package func text(_ name: StaticString) throws(UnreadableEvent) -> String {
    guard let text = try optionalText(name) else { throw unreadable(name, "is missing") }
    return text
  }

  /// Nil for a member that is missing or null.
  package func optionalText(_ name: StaticString) throws(UnreadableEvent) -> String? {
    guard let value = try member(name) else { return nil }
    guard let text = JSONText.decode(bytes[value]) else { throw unreadable(name, "is no text") }
    return text
  }

  package func integer(_ name: StaticString) throws(UnreadableEvent) -> Int64 {
    guard let number = try optionalInteger(name) else { throw unreadable(name, "is missing") }
    return number
  }

  /// Nil for a member that is missing or null.
  package func optionalInteger(_ name: StaticString) throws(UnreadableEvent) -> Int64? {
    guard let value = try member(name) else { return nil }
    guard let number = Int64(ascii: bytes[value]) else { throw unreadable(name, "is no whole number") }
    return number
  }

  package func uuid(_ name: StaticString) throws(UnreadableEvent) -> UUID {
    guard let id = try optionalUUID(name) else { throw unreadable(name, "is missing") }
    return id
  }

  /// Nil for a member that is missing or null.
  package func optionalUUID(_ name: StaticString) throws(UnreadableEvent) -> UUID? {
    guard let value = try member(name) else { return nil }
    guard let id = UUID(quoted: bytes[value]) else { throw unreadable(name, "is no identifier") }
    return id
  }

  /// The text of a `sha256:` digest.
  func digest(_ name: StaticString = "digest") throws(UnreadableEvent) -> String {
    guard let value = try member(name) else { throw unreadable(name, "is missing") }
    guard stands("\"sha256:", at: value.lowerBound), let text = JSONText.decode(bytes[value]),
      text.utf8.count == 71
    else {
      throw unreadable(name, "is no digest")
    }
    return text
  }

  /// Where a member's value stands; nil when it is missing or null.
  private func member(_ name: StaticString) throws(UnreadableEvent) -> Range<Int>? {
    for member in members where member.name.count == name.utf8CodeUnitCount && stands(name, at: member.name.lowerBound)
    {
      return bytes[member.value.lowerBound] == UInt8(ascii: "n") ? nil : member.value
    }
    guard isWhole else { throw UnreadableEvent(at: position, "the payload is no JSON object") }
    return nil
  }

  /// Whether these bytes stand there. Names in the code have no character that JSON would escape.
  private func stands(_ text: StaticString, at start: Int) -> Bool {
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, bytes.count - start >= text.utf8CodeUnitCount else { return false }
      return memcmp(base + start, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
  }

  /// Names the member and never its value, which may be personal.
  private func unreadable(_ name: StaticString, _ what: String) -> UnreadableEvent {
    UnreadableEvent(at: position, "the member \"\(name)\" \(what)")
  }
}

/// An event whose payload this program cannot read, now or at any later try.
package struct UnreadableEvent: Error, Equatable, CustomStringConvertible {
  let position: Position
  let reason: String

  init(_ event: RecordedEvent, _ reason: String) { self.init(at: event.position, reason) }

  init(at position: Position, _ reason: String) {
    self.position = position
    self.reason = reason
  }

  package var description: String { reason }
}
