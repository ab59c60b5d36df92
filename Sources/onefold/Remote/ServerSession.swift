// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix

/// Signs in to a server, and stays signed in.
actor ServerSession {
  private struct Token: Decodable, Sendable {
    let accessToken: String
    let expiresIn: Int
    var until = Date.distantPast

    private enum CodingKeys: CodingKey { case accessToken, expiresIn }
  }

  private let server: String
  private let email: String
  private let password: String
  private let http: HTTPClient
  private var token: Token?
  private var signingIn: Task<Token, any Error>?

  init(server: String, email: String, password: String, http: HTTPClient) {
    self.server = server
    self.email = email
    self.password = password
    self.http = http
  }

  func accessToken() async throws -> String {
    if let token, token.until > Date() { return token.accessToken }
    // Many requests run beside each other: one of them signs in for all.
    if let signingIn { return try await signingIn.value.accessToken }
    let task = Task { try await self.signIn() }
    signingIn = task
    defer { signingIn = nil }
    let fresh = try await task.value
    token = fresh
    return fresh.accessToken
  }

  /// The token was refused.
  func forget() { token = nil }

  private func signIn() async throws -> Token {
    var request = HTTPClientRequest(url: server + "/api/v1/auth/login")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(["email": email, "password": password])))
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, timeout: .seconds(30))
    } catch let error where error.isConnectionTrouble {
      throw CommandError("\(server) does not answer (\(error)). Is it running? Name another with --server URL.")
    }
    guard response.status == .ok else { throw try await ServerRefusal.of(response) }
    var token = try JSONDecoder().decode(
      Token.self, from: Data(buffer: try await response.body.collect(upTo: 1 << 20)))
    // A minute early, so that no token runs out on its way.
    token.until = Date() + max(1, Double(token.expiresIn) - 60)
    return token
  }
}

/// What a server says when it does not do what it is asked for.
struct ServerRefusal: Decodable {
  private let title: String?
  private let detail: String?

  static func of(_ response: HTTPClientResponse) async throws -> CommandError {
    let body = Data(buffer: try await response.body.collect(upTo: 1 << 20))
    let problem = try? JSONDecoder().decode(ServerRefusal.self, from: body)
    let text = problem?.detail ?? problem?.title ?? String(decoding: body.prefix(200), as: UTF8.self)
    return CommandError("\(response.status.code): \(text)")
  }
}

extension Error {
  /// Whether it may go better the next time.
  var isConnectionTrouble: Bool {
    if self is CommandError || self is DecodingError || self is CancellationError { return false }
    if let error = self as? HTTPClientError { return error != .invalidURL && error != .cancelled }
    return self is ChannelError || self is IOError || self is HTTPParserError
      || "\(type(of: self))".contains("Connection")
  }
}
