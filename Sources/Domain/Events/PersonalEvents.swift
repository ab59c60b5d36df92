// SPDX-License-Identifier: Apache-2.0

/// The events that tell of a person.
public enum PersonalEvents {
  public static let all = EventCatalog.all.filter { !$0.personalMembers.isEmpty }

  /// Whether events of this version were stored before their type began to conceal.
  public static func isInTheClear(type: String, schemaVersion: Int) -> Bool {
    all.contains { $0.eventType == type && $0.personalMembers.values.contains { $0 > schemaVersion } }
  }
}
