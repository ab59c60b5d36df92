// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension RecordedEvent {
  /// Reads a row of the columns that `PostgresEventLog.Statements` selects, in their order.
  init(_ row: PostgresRow) throws {
    let name: String = try row.decode(9)
    guard let stream = StreamName(name) else {
      throw PostgresError(.decoding, "\"\(name)\" is no stream's name")
    }
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
      stream: stream,
      type: try row.decode(10),
      payload: try row.decode(11, as: PostgresJSON.self).bytes)
  }
}
