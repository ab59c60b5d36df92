// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An answer as it came over the wire.
public struct RawResponse: Sendable {
  public var status: Int
  /// By lower-case name; of a repeated field the last.
  public var headers: [String: String]
  public var body: [UInt8]

  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as a JSON object.
  public var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }

  /// The last part of a problem document's type.
  public var problem: String? { (json["type"] as? String)?.split(separator: ":").last.map(String.init) }
}

extension RawConnection {
  /// Sends a whole request. `Host` is added, and `Content-Length` when there is a body.
  public func request(
    _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    try await send(bytes: Array("\(head)\r\n".utf8) + (body ?? []))
  }

  /// The next answer, informational ones included.
  public func response(toHead: Bool = false) async throws -> RawResponse {
    let lines = try await receiveHead().split(separator: "\r\n")
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    var body: [UInt8] = []
    if !toHead, status >= 200, status != 204, status != 304 {
      body = try await receive(headers["content-length"].flatMap { Int($0) } ?? 0)
    }
    return RawResponse(status: status, headers: headers, body: body)
  }
}

/// Sends each request on a connection of its own.
public struct RawClient: Sendable {
  public let port: Int
  /// Sent with every request as `Authorization: Bearer …`.
  public var token: String?

  public init(port: Int, token: String? = nil) {
    self.port = port
    self.token = token
  }

  public func request(
    _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> RawResponse {
    try await RawConnection.with(port: port) { connection in
      try await connection.request(method, target, headers: headers + authorization, body: body)
      return try await connection.response(toHead: method == "HEAD")
    }
  }

  public func request(
    _ method: String, _ target: String, headers: [(String, String)] = [], json: String
  ) async throws -> RawResponse {
    try await request(
      method, target, headers: headers + [("Content-Type", "application/json")], body: Array(json.utf8))
  }

  public var authorization: [(String, String)] { token.map { [("Authorization", "Bearer \($0)")] } ?? [] }
}
