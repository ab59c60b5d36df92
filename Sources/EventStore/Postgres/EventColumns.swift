// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

/// Events as the arrays that one INSERT unnests, in the order of positions.
struct EventColumns {
  private(set) var versions: [Int64] = []
  private(set) var ids: [UUID] = []
  private(set) var owners: [UUID?] = []
  private(set) var actors: [UUID?] = []
  private(set) var correlationIds: [UUID?] = []
  private(set) var causationIds: [UUID?] = []
  private(set) var schemaVersions: [Int16] = []
  private(set) var streams: [String] = []
  private(set) var types: [String] = []
  private(set) var payloads: [PostgresJSON] = []

  var count: Int { versions.count }

  init(_ rows: [OptimisticBatch.Row]) {
    reserve(rows.count)
    for row in rows { add(row.event, row.stream, row.version) }
  }

  init(_ rows: [AppendPlan.Row]) {
    reserve(rows.count)
    for row in rows { add(row.event, row.place.stream, row.place.version) }
  }

  private mutating func reserve(_ count: Int) {
    versions.reserveCapacity(count)
    ids.reserveCapacity(count)
    owners.reserveCapacity(count)
    actors.reserveCapacity(count)
    correlationIds.reserveCapacity(count)
    causationIds.reserveCapacity(count)
    schemaVersions.reserveCapacity(count)
    streams.reserveCapacity(count)
    types.reserveCapacity(count)
    payloads.reserveCapacity(count)
  }

  private mutating func add(_ event: NewEvent, _ stream: StreamName, _ version: Int64) {
    versions.append(version)
    ids.append(event.id)
    owners.append(event.owner)
    actors.append(event.actor)
    correlationIds.append(event.correlationId)
    causationIds.append(event.causationId)
    schemaVersions.append(Int16(clamping: event.schemaVersion))
    streams.append(stream.description)
    types.append(event.type)
    payloads.append(PostgresJSON(event.payload))
  }
}
