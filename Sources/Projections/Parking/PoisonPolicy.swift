// SPDX-License-Identifier: Apache-2.0

/// What becomes of a projection that meets an event it cannot fold, however often it tries.
public enum PoisonPolicy: String, Sendable, CaseIterable {
  /// It stands before the event until someone mends the program or the log.
  case stop
  /// The event is recorded with its error, and the projection goes on without it.
  case park

  /// A program that cannot read this many events of a log does not fit the log: then the projection stops after all.
  static let limit = 1000
}
