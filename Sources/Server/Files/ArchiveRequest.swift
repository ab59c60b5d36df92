// SPDX-License-Identifier: Apache-2.0

import Archives
import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// What an archive's request says about itself before its body.
struct ArchiveRequest {
  /// Below which its files appear; nil for the top.
  let prefix: FilePath?
  let jobClass: JobClass
  let idempotencyKey: String?
  let batchId: UUID?

  /// - Throws: ``Problem`` 400 and 415, `FilePath.Invalid`.
  init(_ request: Request) throws {
    let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
    guard type == TarFormat.mediaType, request.headers[.contentEncoding] == nil else {
      throw Problem.unsupportedArchive
    }
    let query = try request.query()
    prefix = try query["prefix"].flatMap { $0.isEmpty ? nil : try FilePath($0) }
    jobClass = try query.jobClass()
    idempotencyKey = try request.idempotencyKey()
    batchId = try request.batchId()
  }

  /// Where a member of the archive appears.
  /// - Throws: `FilePath.Invalid`.
  func path(of member: TarMember) throws -> FilePath {
    guard let path = member.path else { throw Problem.invalidPath("The path is not UTF-8.") }
    return try FilePath(prefix.map { "\($0)/\(path)" } ?? path)
  }

  /// The key of one file: the same for the same archive sent again.
  /// - Parameter number: of the file in the archive.
  func idempotencyKey(number: Int, path: FilePath) -> String? {
    idempotencyKey.map { key in
      let place = "\(number) \(path)"
      // A key that tells a time keeps it: the log's indexes stay compact.
      return UUID(uuidString: key)?.derived(place).text ?? "\(key) \(place)"
    }
  }
}
