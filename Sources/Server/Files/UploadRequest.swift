// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// What an upload says about itself before its body.
struct UploadRequest {
  let path: FilePath
  let jobClass: JobClass
  let contentType: String?
  /// What the bytes must hash to, when the sender said so.
  let digest: Digest?
  /// Nil for a body of unknown length.
  let length: Int64?
  let idempotencyKey: String?
  /// What the sender sends together with this.
  let batchId: UUID?

  /// - Throws: ``Problem`` 400, `FilePath.Invalid`, `ContentDigest.Malformed`.
  init(_ request: Request) throws {
    let query = try request.query()
    guard let path = query["path"] else { throw Problem.invalidRequest("The parameter \"path\" is missing.") }
    self.path = try FilePath(path)
    jobClass = try query.jobClass()
    contentType = try Self.contentType(request.headers[.contentType])
    digest = try request.headers[.contentDigest].flatMap { try ContentDigest($0).sha256 }
    length = request.headers[.contentLength].flatMap(Int64.init)
    idempotencyKey = try request.idempotencyKey()
    batchId = try request.batchId()
  }

  private static func contentType(_ header: String?) throws(Problem) -> String? {
    guard let header, !header.isEmpty else { return nil }
    guard header.utf8.count <= 255, header.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
      throw .invalidRequest("The Content-Type must be at most 255 printable ASCII characters.")
    }
    return header
  }
}

private enum Class: String, CaseIterable { case interactive, bulk }

extension QueryParameters {
  /// How urgent the work on an upload is.
  /// - Throws: ``Problem`` 400.
  func jobClass() throws(Problem) -> JobClass { try choice("class", of: Class.self) == .bulk ? .bulk : .interactive }
}

extension Request {
  /// What the sender sends together.
  /// - Throws: ``Problem`` 400.
  func batchId() throws(Problem) -> UUID? {
    guard let text = headers[.onefoldBatch] else { return nil }
    guard let id = UUID(uuidString: text) else { throw .invalidRequest("Onefold-Batch must be a UUID.") }
    return id
  }
}
