// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Projections

/// Answers a request for the bytes of a file: whole, a range, or nothing new.
struct FileDownload: Sendable {
  let blobs: any BlobStore

  /// Up to this many bytes are read before the answer begins, which makes it one write, and a failure a proper answer.
  private static let smallBytes: Int64 = 256 * 1024
  /// Whatever a browser makes of the bytes, it runs in no origin and may load nothing.
  private static let contentSecurityPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

  func answer(_ file: FileItem, to request: Request) async throws -> Response {
    let tag = EntityTag(file.digest.description)
    var headers: HTTPFields = [
      .eTag: tag.description,
      .cacheControl: "private, no-cache",
      .acceptRanges: "bytes",
      .contentSecurityPolicy: Self.contentSecurityPolicy,
    ]
    if let known = request.headers[.ifNoneMatch], tag.matches(ifNoneMatch: known) {
      return Response(status: .notModified, headers: headers)
    }
    headers[.contentType] = Self.served(file.contentType)
    headers[.contentDisposition] = ContentDisposition.attachment(name: file.name)
    headers[.reprDigest] = ContentDigest.header(file.digest)

    switch range(of: request, tag: tag, size: file.size) {
    case .unsatisfiable:
      throw Problem.rangeNotSatisfiable(size: file.size)
    case .whole:
      return try await answer(.ok, headers, file, nil, isHead: request.method == .head)
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
      return try await answer(.partialContent, headers, file, range, isHead: request.method == .head)
    }
  }

  /// The type that the owner named, unless a page of ours could load the bytes as a script or a style sheet by it: browsers take those from
  /// nobody who calls them something else.
  static func served(_ contentType: String?) -> String {
    guard let contentType else { return octets }
    let type = contentType.lowercased()
    return ["javascript", "ecmascript", "livescript", "jscript", "text/css"].contains { type.contains($0) }
      ? octets : contentType
  }

  private static let octets = "application/octet-stream"

  private func range(of request: Request, tag: EntityTag, size: Int64) -> ByteRange {
    // A range of a content that has changed since would be a part of something else.
    if let condition = request.headers[.ifRange], !tag.matches(ifRange: condition) { return .whole }
    return ByteRange(request.headers[.range], size: size)
  }

  private func answer(
    _ status: HTTPResponse.Status, _ headers: HTTPFields, _ file: FileItem, _ range: Range<Int64>?, isHead: Bool
  ) async throws -> Response {
    let length = range.map { $0.upperBound - $0.lowerBound } ?? file.size
    guard !isHead else {
      return Response(status: status, headers: headers + [.contentLength: String(length)])
    }
    let bytes = try await blobs.read(file.digest, range: range)
    guard length > Self.smallBytes else {
      let buffer = try await bytes.collect(upTo: Int(Self.smallBytes))
      return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }
    let body = ResponseBody(contentLength: Int(length)) { writer in
      // A failure in the middle ends the connection: the client sees that bytes are missing.
      try await writer.write(bytes)
      try await writer.finish(nil)
    }
    return Response(status: status, headers: headers, body: body)
  }
}

extension FileItem {
  /// The last part of the path.
  fileprivate var name: String { String(FilePath.names(of: path).last ?? "") }
}
