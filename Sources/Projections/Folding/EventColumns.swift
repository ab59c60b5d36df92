// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres

/// A batch of events turned on its side: one array a column, which is how many rows reach one statement.
///
/// Interpolated into a query it is a row source named `event`:
///
///     WITH event AS (SELECT … FROM \(events: columns))
struct EventColumns: Sendable {
  var positions: [Int64] = []
  var versions: [Int64] = []
  var ids: [UUID] = []
  var owners: [UUID?] = []
  var times: [Date] = []
  var types: [String] = []
  var payloads: [PostgresJSON] = []

  init(_ batch: some Collection<RecordedEvent>) {
    positions = batch.map(\.position.rawValue)
    versions = batch.map(\.version)
    ids = batch.map(\.id)
    owners = batch.map(\.owner)
    times = batch.map(\.recordedAt)
    types = batch.map(\.type)
    payloads = batch.map { PostgresJSON($0.payload) }
  }
}

extension Query.StringInterpolation {
  mutating func appendInterpolation(events columns: EventColumns) {
    appendLiteral("unnest(")
    appendInterpolation(columns.positions)
    appendLiteral(", ")
    appendInterpolation(columns.versions)
    appendLiteral(", ")
    appendInterpolation(columns.ids)
    appendLiteral(", ")
    appendInterpolation(columns.owners)
    appendLiteral(", ")
    appendInterpolation(columns.times)
    appendLiteral(", ")
    appendInterpolation(columns.types)
    appendLiteral(", ")
    appendInterpolation(columns.payloads)
    appendLiteral(") AS event (position, version, id, owner, recorded_at, type, payload)")
  }
}
