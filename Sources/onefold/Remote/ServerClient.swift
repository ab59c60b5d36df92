// SPDX-License-Identifier: Apache-2.0

import Archives
import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix

/// What `push` and `pull` say to a server: signed in, and repeated where that may be done.
struct ServerClient: Sendable {
  private let server: String
  private let http: HTTPClient
  private let session: ServerSession

  struct RemoteFile: Decodable, Sendable {
    let id: UUID
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

  init(server: String, email: String, password: String, http: HTTPClient) {
    self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
    self.http = http
    session = ServerSession(server: self.server, email: email, password: password, http: http)
  }

  // MARK: Reading

  /// The owner's live files below a prefix, page after page.
  /// - Parameter moment: of the past, as people write it; nil for now.
  func files(prefix: String, at moment: String? = nil, _ each: (RemoteFile) -> Void) async throws {
    var after: String?
    repeat {
      var query = "limit=500&state=live&prefix=\(Self.escape(prefix))" + Self.query("&at=", moment)
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

  /// Several files in one archive. Those that are removed, or cannot be read, are not in it.
  func archive(of ids: [UUID]) async throws -> ByteBuffer {
    let body = ByteBuffer(data: try JSONEncoder().encode(["ids": ids.map(\.text)]))
    return try await exchange(.POST, "/files/archive", timeout: .seconds(600)) { request in
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(body)
    } receive: { response in
      try await response.body.collect(upTo: 64 << 20)
    }.1
  }

  /// The bytes of a file, piece by piece; after trouble with the connection from where they broke off.
  func content(
    of id: UUID, size: Int64, at moment: String?, _ take: @Sendable @escaping (ByteBuffer) throws -> Void
  ) async throws {
    var offset: Int64 = 0
    _ = try await exchange(
      .GET, "/files/\(id.text)/content" + Self.query("?at=", moment), timeout: Self.timeout(for: size)
    ) { request in
      // Where all bytes had come the last one comes again: a range of none is refused.
      if offset > 0 { request.headers.add(name: "Range", value: "bytes=\(min(offset, size - 1))-") }
    } receive: { response in
      guard offset == 0 || response.status == .partialContent else {
        throw CommandError("The server does not go on from where the bytes broke off.")
      }
      if offset > 0, offset == size { return }
      for try await piece in response.body {
        try take(piece)
        offset += Int64(piece.readableBytes)
      }
    }
  }

  private func get<Value: Decodable>(_ target: String) async throws -> Value {
    let (_, body) = try await send(.GET, target, timeout: .seconds(60))
    return try JSONDecoder().decode(Value.self, from: body)
  }

  // MARK: Sending

  /// Sends one file. `idempotencyKey` stays the same over all tries, so a lost answer doubles nothing.
  ///
  /// - Parameter digest: what the server refuses other bytes by.
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
    let (response, _) = try await send(.PUT, target, headers: headers, timeout: Self.timeout(for: file.size)) {
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
    try await exchange(method, target, timeout: timeout) { request in
      for (name, value) in headers { request.headers.add(name: name, value: value) }
      request.body = try body()
    } receive: { response in
      Data(buffer: try await response.body.collect(upTo: 8 << 20))
    }
  }

  /// Sends a request until it is answered or refused.
  /// - Parameters:
  ///   - prepare: completes the request, each time it is sent.
  ///   - receive: takes the body of an answer that is no refusal.
  private func exchange<Answer>(
    _ method: HTTPMethod, _ target: String, timeout: TimeAmount, prepare: (inout HTTPClientRequest) throws -> Void,
    receive: (HTTPClientResponse) async throws -> Answer
  ) async throws -> (HTTPClientResponse, Answer) {
    var pause = Duration.milliseconds(200)
    for attempt in 1... {
      do {
        var request = HTTPClientRequest(url: server + "/api/v1" + target)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(try await session.accessToken())")
        try prepare(&request)
        let response = try await http.execute(request, timeout: timeout)
        switch response.status.code {
        case 200..<300: return (response, try await receive(response))
        case 401 where attempt < 3: await session.forget()
        case 429, 502, 503, 504:
          guard attempt < 8 else { throw try await ServerRefusal.of(response) }
          if let seconds = response.headers.first(name: "Retry-After").flatMap({ Int($0) }) {
            pause = .seconds(min(seconds, 30))
          }
          try await Task.sleep(for: pause)
        default: throw try await ServerRefusal.of(response)
        }
      } catch let error where error.isConnectionTrouble && attempt < 8 {
        try await Task.sleep(for: pause)
      }
      pause = min(pause * 2, .seconds(10))
    }
    preconditionFailure("the loop ends by returning or throwing")
  }

  /// Ten minutes for the answer and a minute for each 10 MB: slow links are no failure.
  private static func timeout(for size: Int64) -> TimeAmount { .seconds(600 + size / 10_000_000 * 60) }

  private static func query(_ name: String, _ value: String?) -> String { value.map { name + escape($0) } ?? "" }

  private static func escape(_ text: String) -> String {
    var allowed = CharacterSet.alphanumerics
    allowed.insert(charactersIn: "-._~/")
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
  }
}
