// SPDX-License-Identifier: Apache-2.0

import Crypto
import DedupEngine
import Domain
import Foundation

/// Signs requests (AWS Signature Version 4): https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct S3Signature {
  let region: String
  let accessKey: String
  let secretKey: String

  /// What is signed, and sent so.
  struct Request {
    var method: String
    /// Beginning with a slash, escaped as it is sent.
    var path: String
    /// Not escaped yet.
    var query: [(name: String, value: String)] = []
    /// `host` and any others; names in small letters.
    var headers: [String: String]
    /// SHA-256 of the body, in hexadecimal.
    var bodyDigest: String
  }

  /// The headers to send, with those of the request.
  func headers(for request: Request, at time: Date) -> [String: String] {
    let stamp = Self.stamp(time)
    let day = String(stamp.prefix(8))
    var headers = request.headers
    headers["x-amz-date"] = stamp
    headers["x-amz-content-sha256"] = request.bodyDigest
    let names = headers.keys.sorted()
    let canonical = [
      request.method, request.path, Self.encoded(request.query),
      names.map { "\($0):\(headers[$0] ?? "")\n" }.joined(), names.joined(separator: ";"), request.bodyDigest,
    ].joined(separator: "\n")
    let scope = "\(day)/\(region)/s3/aws4_request"
    let text = ["AWS4-HMAC-SHA256", stamp, scope, SHA256Hasher.hash(Array(canonical.utf8)).hex].joined(separator: "\n")
    var key = SymmetricKey(data: Data("AWS4\(secretKey)".utf8))
    for part in [day, region, "s3", "aws4_request"] { key = SymmetricKey(data: Self.mac(part, key)) }
    let signature = Array(Self.mac(text, key)).hex
    headers["authorization"] =
      "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope),SignedHeaders=\(names.joined(separator: ";")),Signature=\(signature)"
    return headers
  }

  /// The query as it is sent: sorted and escaped.
  static func encoded(_ query: [(name: String, value: String)]) -> String {
    query.map { "\(escaped($0.name))=\(escaped($0.value))" }.sorted().joined(separator: "&")
  }

  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      switch UInt8(byte) {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        String(UnicodeScalar(byte))
      default: "%" + [byte].hex.uppercased()
      }
    }.joined()
  }

  private static func mac(_ text: String, _ key: SymmetricKey) -> Data {
    Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key))
  }

  /// `20130524T000000Z`.
  private static func stamp(_ time: Date) -> String {
    String(time.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
  }
}
