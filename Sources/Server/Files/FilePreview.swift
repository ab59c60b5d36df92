// SPDX-License-Identifier: Apache-2.0

import BlobStore
import DedupEngine
import HTTPTypes
import Hummingbird
import NIOCore
import Parsing
import Projections

/// Answers with a small picture of a file that is one.
struct FilePreview: Sendable {
  let blobs: any BlobStore
  let parser: Parser

  static let sides: ClosedRange<Int64> = 16...1024
  static let usualSide: Int64 = 320

  /// - Parameter side: the most points that it may be wide or high.
  /// - Throws: ``Problem`` 422 for a file that is no picture, or cannot be read as one.
  func answer(_ file: FileItem, side: Int64, to request: Request) async throws -> Response {
    let tag = EntityTag("\(file.digest)-\(side)")
    var headers: HTTPFields = [.eTag: tag.description, .cacheControl: "private, no-cache"]
    if let known = request.headers[.ifNoneMatch], tag.matches(ifNoneMatch: known) {
      return Response(status: .notModified, headers: headers)
    }
    guard PictureSketcher.sizes.contains(file.size), try await beginsLikePicture(file) else {
      throw Problem.invalidValue("The file is no picture of a form that is shown small: JPEG, PNG, GIF, WebP or TIFF.")
    }
    let picture = try await parser.preview(side: Int(side)) { [blobs] in try await blobs.read(file.digest).collected() }
    headers[.contentType] = "image/webp"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: picture)))
  }

  private func beginsLikePicture(_ file: FileItem) async throws -> Bool {
    let head = try await blobs.read(file.digest, range: 0..<min(64, file.size)).collected()
    return PictureSketcher.mayBePicture(head)
  }
}
