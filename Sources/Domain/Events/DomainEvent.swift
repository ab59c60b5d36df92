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
}

extension DomainEvent {
  public static var schemaVersion: Int { 1 }
}
