// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation

/// Which events queue which jobs. The relay asks for each event it passes; the answer depends on nothing else.
public enum JobPlan {
  /// An event that cannot be read queues nothing: projections stop at it and say so, and a later version of the program, whose relay
  /// goes back to the oldest open job, will see it again.
  @Sendable
  public static func dispatches(for event: RecordedEvent) -> [StreamDispatch] {
    guard event.type == FileUploaded.eventType, let owner = event.owner, let file = try? event.decode(FileUploaded.self)
    else { return [] }
    let entry = JobEntry(
      id: event.id, kind: .analyze, jobClass: file.jobClass, fileId: file.fileId, owner: owner, position: event.position
    )
    return [entry.dispatch]
  }
}

extension JobEntry {
  /// In its class's stream: class and position are said by the stream and by the entry's id.
  var dispatch: StreamDispatch {
    let fields = fields.filter { $0.key != "class" && $0.key != "position" }
    return StreamDispatch(
      stream: JobStreams.stream(of: jobClass),
      fields: Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0.value) }))
  }
}
