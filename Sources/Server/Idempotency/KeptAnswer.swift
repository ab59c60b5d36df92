// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer as it was first given: status, body, and the headers that a handler set.
struct KeptAnswer: Equatable, Sendable {
  let status: Int
  let headers: [[String]]
  let body: [UInt8]

  /// Larger answers are not kept: no write gives one.
  private static let limit = 1 << 20

  init(status: Int, headers: [[String]], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Nil for an answer that streams, or is too large.
  init?(_ response: Response) async throws {
    guard let length = response.body.contentLength, length <= Self.limit else { return nil }
    let collected = CollectedBody()
    try await response.body.write(collected)
    status = response.status.code
    headers = response.headers.map { [$0.name.canonicalName, $0.value] }
    body = collected.bytes
  }

  var response: Response {
    var fields = HTTPFields()
    for header in headers where header.count == 2 {
      if let name = HTTPField.Name(header[0]) { fields.append(HTTPField(name: name, value: header[1])) }
    }
    return Response(
      status: HTTPResponse.Status(code: status), headers: fields,
      body: body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}

/// A class, because the writer of a body is consumed by its end.
private final class CollectedBody: ResponseBodyWriter {
  private(set) var bytes: [UInt8] = []

  func write(_ buffer: ByteBuffer) { bytes += buffer.readableBytesView }

  func finish(_: HTTPFields?) {}
}
