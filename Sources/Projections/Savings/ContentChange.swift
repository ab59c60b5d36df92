// SPDX-License-Identifier: Apache-2.0

import EventStore

/// What a batch says of one content: files that came and went, and its stored size, of which the last one counts.
struct ContentChange {
  var size: Int64
  var files: Int64
  var storedBytes: Int64?

  init(_ event: RecordedEvent, _ payload: Payload) throws {
    size = try payload.integer("size")
    switch event.type {
    case "file.uploaded": files = 1
    case "file.removed": files = -1
    default:
      files = 0
      storedBytes = try payload.integer("storedBytes")
    }
  }

  /// The same content before anything was said of it.
  var unchanged: ContentChange {
    var unchanged = self
    unchanged.files = 0
    unchanged.storedBytes = nil
    return unchanged
  }

  mutating func add(_ step: ContentChange) {
    size = max(size, step.size)
    files += step.files
    storedBytes = step.storedBytes ?? storedBytes
  }
}
