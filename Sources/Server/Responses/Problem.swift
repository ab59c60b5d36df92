// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// An error as RFC 9457 describes it: thrown by handlers, rendered by ``ProblemMiddleware``.
struct Problem: Error, Equatable {
  /// `urn:onefold:problem:<name>`: for programs, and stable.
  let name: String
  let status: HTTPResponse.Status
  /// What the name means, the same in every occurrence.
  let title: String
  /// What is wrong this time, in a sentence for people. Never anything of another account, of a query or of a file system.
  var detail: String?
  var headers: HTTPFields = [:]

  var type: String { "urn:onefold:problem:\(name)" }

  static let contentType = "application/problem+json"

  /// - Parameter requestID: names the occurrence, so that a report of it leads to the log.
  func body(requestID: String) -> Body {
    Body(
      type: type, title: title, status: status.code, detail: detail,
      instance: "urn:onefold:request:\(requestID)")
  }

  func response(requestID: String) -> Response {
    var headers = headers
    headers[.contentType] = Self.contentType
    headers[.cacheControl] = "no-store"
    // Five strings and a number always encode; should they not, the status still tells.
    let bytes = (try? JSON.encode(body(requestID: requestID))) ?? ByteBuffer()
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
  }

  struct Body: Codable, Equatable {
    let type: String
    let title: String
    let status: Int
    let detail: String?
    let instance: String
  }
}
