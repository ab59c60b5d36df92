// SPDX-License-Identifier: Apache-2.0

public import Redis

/// Where the relay brings what follows from events. The relay knows when, and how far it came; the target knows what and where to.
public protocol RelayTarget: Sendable {
  /// Lua that defines two functions, which run in the step that moves the relay's marker: `begin()`, where there was no marker and so
  /// nothing that Redis holds can be relied on, and `apply(i)`, which takes the words from `ARGV[i]` on to their places.
  static var script: String { get }

  /// What follows from these events, in their order, as words for `apply`. Nothing for events that nothing follows from.
  ///
  /// Pure but for the clock. An event that cannot be read is left out: projections stop at it and say so.
  func words(following events: [RecordedEvent]) -> [RedisArgument]

  /// The types of events that words follow from by which somebody gets work: their traces show when it was brought.
  static var typesBringingWork: Set<String> { get }

  /// Asked when Redis is empty: what to bring first, and the position after which all events are brought again. All work that follows
  /// from events up to it is known to be done.
  func beginning() async throws -> (after: Position, words: [RedisArgument])
}

extension RelayTarget {
  public static var typesBringingWork: Set<String> { [] }
}
