// SPDX-License-Identifier: Apache-2.0

/// A fact, in the past tense, that someone may ask about later.
///
/// The stored identity is ``eventType``, never the Swift name, so that a type can be renamed without touching stored data.
/// A change of shape raises ``schemaVersion`` and adds an upcaster; stored rows never change.
public protocol DomainEvent: Codable, Sendable, Equatable {
  /// `category.pastParticiple`, for example `file.uploaded`.
  static var eventType: String { get }
  /// Starts at 1.
  static var schemaVersion: Int { get }
  /// The oldest version whose payload has the same members as today's: versions from it on differ in how they are stored, and are
  /// read alike.
  static var alikeSince: Int { get }
  /// The members that tell of a person, all of them texts, each with the first schema version that conceals it: stored encrypted under
  /// the key of that person, the event's owner, and read as an empty text once the key is destroyed.
  static var personalMembers: [String: Int] { get }
}

extension DomainEvent {
  public static var schemaVersion: Int { 1 }
  public static var alikeSince: Int { schemaVersion }
  public static var personalMembers: [String: Int] { [:] }
}
