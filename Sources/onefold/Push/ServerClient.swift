// SPDX-License-Identifier: Apache-2.0

import Archives
import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix

/// What `push` and `status` say to a server: signs in, stays signed in, repeats what may be repeated.
actor ServerClient {
  private let server: String
  private let http: HTTPClient
  private let email: String
  private let password: String
  private var session: Session?
  private var signingIn: Task<Session, any Error>?

  struct Session: Decodable, Sendable {
    let accessToken: String
    let expiresIn: Int
    var until = Date.distantPast

    private enum CodingKeys: CodingKey { case accessToken, expiresIn }
  }

  struct RemoteFile: Decodable, Sendable {
    let path: String
    let size: Int64
    let digest: Digest
  }

  struct Savings: Decodable, Sendable {
    let files, logicalBytes, uniqueBytes, storedBytes, savedByDuplicates, savedByCompression: Int64
  }

  struct JobCounts: Decodable, Sendable {
    let queued, retrying, succeeded, dead: Int
    var open: Int { queued + retrying }
  }

  struct Groups: Decodable, Sendable { let groups: Int }

  private struct Page<Item: Decodable>: Decodable {
    let items: [Item]
    let next: String?
  }
  private struct JobPage: Decodable { let counts: JobCounts }
  private struct DuplicatePage: Decodable { let totals: Groups }
  private struct Problem: Decodable {
    let title: String?
    let detail: String?
  }

  init(server: String, email: String, password: String, http: HTTPClient) {
    self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
    self.email = email
    self.password = password
    self.http = http
  }

  // MARK: Reading

  /// The owner's live files below a prefix, page after page.
  func files(prefix: String, _ each: (RemoteFile) -> Void) async throws {
    var after: String?
    repeat {
      var query = "limit=500&state=live&prefix=\(Self.escape(prefix))"
      if let after { query += "&after=\(Self.escape(after))" }
      let page: Page<RemoteFile> = try await get("/files?\(query)")
      page.items.forEach(each)
      after = page.next
    } while after != nil
  }

  func savings(at position: Int64) async throws -> Savings { try await get("/savings?wait=\(position)") }

  func jobCounts(at position: Int64) async throws -> JobCounts {
    let page: JobPage = try await get("/jobs?limit=1&wait=\(position)")
    return page.counts
  }

  func duplicateGroups(at position: Int64) async throws -> Int {
    let page: DuplicatePage = try await get("/duplicates?limit=1&wait=\(position)")
    return page.totals.groups
  }

  private func get<Value: Decodable>(_ target: String) async throws -> Value {
    let (_, body) = try await send(.GET, target, timeout: .seconds(60))
    return try JSONDecoder().decode(Value.self, from: body)
  }

  // MARK: Sending

  /// Sends one file. `idempotencyKey` stays the same over all tries, so a lost answer doubles nothing.
  ///
  /// - Returns: whether the server took something new, and the position of its event.
  func upload(
    _ file: LocalTree.File, digest: Digest, bulk: Bool, batch: UUID, idempotencyKey: String
  ) async throws -> (created: Bool, position: Int64) {
    let base64 = Data(digest.bytes).base64EncodedString()
    let headers = [
      ("Content-Digest", "sha-256=:\(base64):"), ("Idempotency-Key", idempotencyKey),
      ("Onefold-Batch", batch.text), ("Content-Type", "application/octet-stream"),
    ]
    let target = "/files?path=\(Self.escape(file.path))&class=\(bulk ? "bulk" : "interactive")"
    // Ten minutes for the answer and a minute for each 10 MB: slow links are no failure.
    let timeout = TimeAmount.seconds(600 + file.size / 10_000_000 * 60)
    let (response, _) = try await send(.PUT, target, headers: headers, timeout: timeout) {
      try FileBody.make(file)
    }
    let position = response.headers.first(name: "Onefold-Position").flatMap { Int64($0) } ?? 0
    return (response.status == .created, position)
  }

  /// What came of an archive.
  struct ArchiveAnswer: Decodable, Sendable {
    struct Refusal: Decodable, Sendable {
      let path: String
      let title: String
      let status: Int
      let detail: String?
    }

    let created, unchanged: Int
    let createdBytes, position: Int64
    let refusals: [Refusal]
  }

  /// Sends many files in one archive; the key is as with one.
  func upload(archive: ByteBuffer, bulk: Bool, batch: UUID, idempotencyKey: String) async throws -> ArchiveAnswer {
    let headers = [
      ("Idempotency-Key", idempotencyKey), ("Onefold-Batch", batch.text), ("Content-Type", TarFormat.mediaType),
    ]
    let (_, data) = try await send(
      .POST, "/files?class=\(bulk ? "bulk" : "interactive")", headers: headers, timeout: .seconds(600)
    ) { .bytes(archive) }
    return try JSONDecoder().decode(ArchiveAnswer.self, from: data)
  }

  private func send(
    _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [], timeout: TimeAmount,
    body: () throws -> HTTPClientRequest.Body? = { nil }
  ) async throws -> (HTTPClientResponse, Data) {
    var pause = Duration.milliseconds(200)
    for attempt in 1... {
      do {
        var request = HTTPClientRequest(url: server + "/api/v1" + target)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(try await accessToken())")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = try body()
        let response = try await http.execute(request, timeout: timeout)
        let data = Data(buffer: try await response.body.collect(upTo: 8 << 20))
        switch response.status.code {
        case 200..<300: return (response, data)
        case 401 where attempt < 3: session = nil
        case 429, 502, 503, 504:
          guard attempt < 8 else { throw Self.refusal(response, data) }
          if let seconds = response.headers.first(name: "Retry-After").flatMap({ Int($0) }) {
            pause = .seconds(min(seconds, 30))
          }
          try await Task.sleep(for: pause)
        default: throw Self.refusal(response, data)
        }
      } catch let error where Self.isConnectionTrouble(error) && attempt < 8 {
        try await Task.sleep(for: pause)
      }
      pause = min(pause * 2, .seconds(10))
    }
    preconditionFailure("the loop ends by returning or throwing")
  }

  // MARK: Signing in

  private func accessToken() async throws -> String {
    if let session, session.until > Date() { return session.accessToken }
    // Many uploads run beside each other: one of them signs in for all.
    if let signingIn { return try await signingIn.value.accessToken }
    let task = Task { try await self.signIn() }
    signingIn = task
    defer { signingIn = nil }
    let fresh = try await task.value
    session = fresh
    return fresh.accessToken
  }

  private func signIn() async throws -> Session {
    var request = HTTPClientRequest(url: server + "/api/v1/auth/login")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(["email": email, "password": password])))
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, timeout: .seconds(30))
    } catch let error where Self.isConnectionTrouble(error) {
      throw CommandError("\(server) does not answer (\(error)). Is it running? Name another with --server URL.")
    }
    let data = Data(buffer: try await response.body.collect(upTo: 1 << 20))
    guard response.status == .ok else { throw Self.refusal(response, data) }
    var session = try JSONDecoder().decode(Session.self, from: data)
    // A minute early, so that no token runs out on its way.
    session.until = Date() + max(1, Double(session.expiresIn) - 60)
    return session
  }

  private static func refusal(_ response: HTTPClientResponse, _ body: Data) -> CommandError {
    let problem = try? JSONDecoder().decode(Problem.self, from: body)
    let text = problem?.detail ?? problem?.title ?? String(decoding: body.prefix(200), as: UTF8.self)
    return CommandError("\(response.status.code): \(text)")
  }

  private static func isConnectionTrouble(_ error: any Error) -> Bool {
    if error is CommandError || error is DecodingError || error is CancellationError { return false }
    if let error = error as? HTTPClientError { return error != .invalidURL && error != .cancelled }
    return error is ChannelError || error is IOError || "\(type(of: error))".contains("Connection")
  }

  private static func escape(_ text: String) -> String {
    var allowed = CharacterSet.alphanumerics
    allowed.insert(charactersIn: "-._~/")
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
  }
}
