// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird

/// `limit` and `after`, which every list takes.
struct ListParameters {
  let limit: Int
  let after: String?

  init(_ query: QueryParameters) throws(Problem) {
    limit = Int(try query.integer("limit", in: 1...500) ?? 50)
    after = query["after"]
  }
}

extension Request {
  func query() throws(Problem) -> QueryParameters { try QueryParameters(uri.query) }
}

extension RequestContext {
  /// The `{id}` of the path. What is no UUID names nothing: 404, as for an id that is not known.
  func pathId() throws(Problem) -> UUID {
    guard let text = parameters.get("id"), let id = UUID(uuidString: text) else { throw .notFound }
    return id
  }
}
