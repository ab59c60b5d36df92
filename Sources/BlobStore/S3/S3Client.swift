// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import DedupEngine
import Domain
import Foundation
import Glibc
import NIOCore
import NIOHTTP1

/// Asks a bucket, and asks again while there is hope. Blocks the calling thread.
struct S3Client: Sendable {
  let configuration: S3Configuration
  private let http: HTTPClient

  init(_ configuration: S3Configuration) {
    self.configuration = configuration
    http = Self.http
  }

  /// One for the process. Left to itself, a client tries to connect until the time is over, and nobody learns why it could not.
  private static let http: HTTPClient = {
    var options = HTTPClient.Configuration(timeout: .init(connect: .seconds(5), read: .seconds(60)))
    options.connectionPool.retryConnectionEstablishment = false
    options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
  }()

  struct Object: Equatable, Sendable {
    let name: String
    let written: Date
  }

  /// The name of an object as people find it.
  func place(_ name: String) -> String { "s3://\(configuration.bucket)/\(configuration.prefix)\(name)" }

  /// Keeps bytes under a name that is not taken.
  /// - Returns: whether it was free. After an attempt whose answer was lost it may have been taken by that attempt.
  func create(_ name: String, _ bytes: [UInt8]) throws(BlobStoreError) -> Bool {
    let answer = try ask(.PUT, name, headers: ["if-none-match": "*"], body: bytes, accepting: [200, 412])
    return answer.status == .ok
  }

  /// All bytes, or those of a range that begins within the object; nil when it is not there.
  func read(_ name: String, range: Range<Int64>? = nil) throws(BlobStoreError) -> [UInt8]? {
    let headers = range.map { ["range": "bytes=\($0.lowerBound)-\($0.upperBound - 1)"] } ?? [:]
    let answer = try ask(.GET, name, headers: headers, accepting: [200, 206, 404, 416])
    switch answer.status.code {
    case 404: return nil
    // Beyond the end there are no bytes.
    case 416: return []
    default: return answer.body.map { Array($0.readableBytesView) } ?? []
    }
  }

  /// Bytes of an object; nil when it is not there.
  func size(of name: String) throws(BlobStoreError) -> Int64? {
    let answer = try ask(.HEAD, name, accepting: [200, 404])
    guard answer.status == .ok else { return nil }
    guard let size = answer.headers.first(name: "content-length").flatMap({ Int64($0) }) else {
      throw .unavailable("\(place(name)): the service does not say its size")
    }
    return size
  }

  /// Removes an object, if it is there.
  func remove(_ name: String) throws(BlobStoreError) { _ = try ask(.DELETE, name, accepting: [200, 204, 404]) }

  /// All objects whose names begin so.
  func list(_ prefix: String) throws(BlobStoreError) -> [Object] {
    var objects: [Object] = []
    var next: String?
    repeat {
      var query = [("list-type", "2"), ("prefix", configuration.prefix + prefix)]
      if let next { query.append(("continuation-token", next)) }
      let answer = try ask(.GET, nil, query: query, accepting: [200])
      let page = S3Listing(String(decoding: answer.body?.readableBytesView ?? ByteBufferView(), as: UTF8.self))
      objects += page.objects.map {
        Object(name: String($0.name.dropFirst(configuration.prefix.utf8.count)), written: $0.written)
      }
      next = page.next
    } while next != nil
    return objects
  }

  // MARK: Asking

  /// - Throws: ``BlobStoreError/unavailable(_:)`` when there is no answer, or none of these.
  private func ask(
    _ method: HTTPMethod, _ name: String?, query: [(String, String)] = [], headers: [String: String] = [:],
    body: [UInt8] = [], accepting: Set<UInt>
  ) throws(BlobStoreError) -> HTTPClient.Response {
    let digest = SHA256Hasher.hash(body).hex
    let start = ContinuousClock.now
    var trouble = ""
    for attempt in 0..<configuration.attempts where start.duration(to: .now) < configuration.patience {
      if attempt > 0 { Self.rest(attempt) }
      do {
        let answer = try send(method, name, query, headers, body, digest)
        if accepting.contains(answer.status.code) { return answer }
        trouble = Self.complaint(answer)
        guard Self.mayPass(answer.status.code) else { break }
      } catch {
        trouble = "\(error)"
      }
    }
    throw .unavailable("\(method) \(place(name ?? "")): \(trouble)")
  }

  private func send(
    _ method: HTTPMethod, _ name: String?, _ query: [(String, String)], _ headers: [String: String], _ body: [UInt8],
    _ digest: String
  ) throws -> HTTPClient.Response {
    let path = "/\(configuration.bucket)" + (name.map { "/\(configuration.prefix)\($0)" } ?? "")
    var headers = headers
    headers["host"] = configuration.host
    let signature = S3Signature(
      region: configuration.region, accessKey: configuration.accessKey, secretKey: configuration.secretKey)
    let signed = signature.headers(
      for: S3Signature.Request(
        method: method.rawValue, path: path, query: query, headers: headers, bodyDigest: digest), at: Date())
    let search = query.isEmpty ? "" : "?" + S3Signature.encoded(query)
    let base = "\(configuration.endpoint.scheme ?? "https")://\(configuration.host)"
    let request = try HTTPClient.Request(
      url: base + path + search, method: method, headers: HTTPHeaders(signed.map { ($0.key, $0.value) }),
      body: method == .PUT ? .bytes(body) : nil)
    // A megabyte may take a second.
    let timeout = TimeAmount(configuration.timeout) + .seconds(Int64(body.count >> 20))
    return try http.execute(request: request, deadline: .now() + timeout).wait()
  }

  /// What a service says when it is busy, in trouble of its own, or at work on the same name.
  private static func mayPass(_ status: UInt) -> Bool { status >= 500 || [408, 409, 425, 429].contains(status) }

  /// Longer each time, and never the same as others'.
  private static func rest(_ attempt: Int) {
    usleep(UInt32.random(in: 50_000...100_000) << UInt32(min(attempt - 1, 5)))
  }

  /// The service's own words.
  private static func complaint(_ answer: HTTPClient.Response) -> String {
    let text = String(decoding: answer.body?.readableBytesView ?? ByteBufferView(), as: UTF8.self)
    let code = S3Listing.text(of: "Code", in: text) ?? ""
    let message = S3Listing.text(of: "Message", in: text) ?? ""
    let hint =
      switch code {
      case "RequestTimeTooSkewed": " Set this machine's clock."
      case "NoSuchBucket": " Create the bucket, or set ONEFOLD_S3_BUCKET."
      case "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied":
        " Look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do."
      default: ""
      }
    return ["status \(answer.status.code)", code, message].filter { !$0.isEmpty }.joined(separator: ", ") + "." + hint
  }
}
