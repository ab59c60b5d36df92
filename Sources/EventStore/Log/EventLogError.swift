// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Why the log refused an append. Asking again changes nothing: the caller must look first.
public enum EventLogError: Error, Equatable, CustomStringConvertible {
  /// The stream is not as the writer believed.
  /// - `current`: the version of its last event, 0 when it has none.
  case versionConflict(stream: StreamName, expected: ExpectedVersion, current: Int64)
  /// An event of this id exists, and the append is no repetition of the one that brought it.
  case eventIdReused(UUID)

  public var description: String {
    switch self {
    case .versionConflict(let stream, let expected, let current):
      "Stream \(stream) is at version \(current); expected was \(expected)."
    case .eventIdReused(let id):
      "Event id \(id) is in the log already, from another append."
    }
  }
}
