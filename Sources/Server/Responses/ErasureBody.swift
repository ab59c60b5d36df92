// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import HTTPTypes
import Hummingbird

/// What came of forgetting a person.
struct ErasureBody: Encodable {
  let accountId: String
  let files: Int
  let bytes: Int64
  /// Null while it is not known what others refer to.
  @Nullable var condemnedBytes: Int64?
  @Nullable var condemnedUntil: Date?
  let eventsInTheClear: Int

  init(_ erasure: Erasure) {
    accountId = erasure.accountId.text
    files = erasure.files
    bytes = erasure.bytes
    _condemnedBytes = Nullable(wrappedValue: erasure.condemned?.bytes)
    _condemnedUntil = Nullable(wrappedValue: erasure.condemned?.until)
    eventsInTheClear = erasure.eventsInTheClear
  }

  static func response(_ erasure: Erasure, headers: HTTPFields = [:]) throws -> Response {
    var headers = headers
    headers[.onefoldPosition] = erasure.position.description
    return try .json(ErasureBody(erasure), headers: headers)
  }
}
