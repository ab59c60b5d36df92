// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension RecordedEvent {
  // Both read the columns that `PostgresEventLog.Statements` selects, in their order.

  init(_ row: PostgresRow) throws(PostgresError) {
    self.init(
      position: Position(try row.decode(0)),
      version: try row.decode(1),
      recordedAt: try row.decode(2),
      id: try row.decode(3),
      owner: try row.decode(4),
      actor: try row.decode(5),
      correlationId: try row.decode(6),
      causationId: try row.decode(7),
      schemaVersion: Int(try row.decode(8, as: Int16.self)),
      stream: try StreamName(stored: row.decode(9)),
      type: try row.decode(10),
      payload: try row.decode(11, as: [UInt8].self))
  }

  init(_ row: inout BinaryCopyReader) throws(PostgresError) {
    self.init(
      position: Position(try row.int64()),
      version: try row.int64(),
      recordedAt: try row.date(),
      id: try row.uuid(),
      owner: try row.optionalUUID(),
      actor: try row.optionalUUID(),
      correlationId: try row.optionalUUID(),
      causationId: try row.optionalUUID(),
      schemaVersion: Int(try row.int16()),
      stream: try StreamName(stored: row.text()),
      type: try row.word(),
      payload: try row.bytes())
  }
}

extension StreamName {
  fileprivate init(stored name: String) throws(PostgresError) {
    guard let stream = StreamName(name) else { throw PostgresError(.decoding, "\"\(name)\" is no stream's name") }
    self = stream
  }
}
