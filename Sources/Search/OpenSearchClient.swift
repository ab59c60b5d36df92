// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Speaks HTTP to OpenSearch, and stops for a while when nobody answers. Shared by all that ask it in a process.
public final class OpenSearchClient: Sendable {
  enum Body {
    case json([UInt8])
    /// Lines of JSON, the last one ended too.
    case lines([UInt8])
  }

  let configuration: OpenSearchConfiguration
  private let breaker: CircuitBreaker
  private static let answerLimit = 64 << 20

  public convenience init(_ configuration: OpenSearchConfiguration) {
    self.init(configuration, breaker: CircuitBreaker())
  }

  init(_ configuration: OpenSearchConfiguration, breaker: CircuitBreaker) {
    self.configuration = configuration
    self.breaker = breaker
  }

  var alias: String { configuration.alias }

  /// - Parameter path: with its query, escaped.
  func send(
    _ method: HTTPMethod, _ path: String, _ body: Body? = nil, timeout: TimeAmount = .seconds(30)
  ) async throws(OpenSearchError) -> Data {
    guard breaker.admits() else { throw .unavailable("it did not answer, and is asked again soon") }
    do throws(OpenSearchError) {
      let data = try await sendOnce(method, path, body, timeout: timeout)
      note(isFailure: false)
      return data
    } catch {
      // An answer is an answer, whatever it says.
      if case .unavailable = error { note(isFailure: true) } else { note(isFailure: false) }
      throw error
    }
  }

  func decode<Answer: Decodable>(_: Answer.Type, from data: Data) throws(OpenSearchError) -> Answer {
    do {
      return try JSONDecoder().decode(Answer.self, from: data)
    } catch {
      throw .unavailable("its answer is not of the form that is documented")
    }
  }

  private func note(isFailure: Bool) {
    breaker.note(isFailure: isFailure)
    SearchMetrics.answered(isFailure: isFailure, isOpen: breaker.isOpen)
  }

  private func sendOnce(
    _ method: HTTPMethod, _ path: String, _ body: Body?, timeout: TimeAmount
  ) async throws(OpenSearchError) -> Data {
    var request = HTTPClientRequest(url: configuration.url + path)
    request.method = method
    request.headers.add(name: "Accept", value: "application/json")
    if let authorization = configuration.authorization {
      request.headers.add(name: "Authorization", value: authorization)
    }
    switch body {
    case .json(let bytes):
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: bytes))
    case .lines(let bytes):
      request.headers.add(name: "Content-Type", value: "application/x-ndjson")
      request.body = .bytes(ByteBuffer(bytes: bytes))
    case nil: break
    }
    let (status, data): (Int, Data)
    do {
      let response = try await HTTPClient.shared.execute(request, timeout: timeout)
      status = Int(response.status.code)
      data = Data(buffer: try await response.body.collect(upTo: Self.answerLimit))
    } catch {
      throw .unavailable("\(error)")
    }
    switch status {
    case 200..<300: return data
    case 404: throw .missing
    case 413: throw .tooLarge
    case 408, 429, 500...: throw .unavailable("it answered with \(status)")
    default: throw .refused(status: status, reason: Self.reason(data))
    }
  }

  private struct Refusal: Decodable {
    struct Cause: Decodable {
      let type: String?
      let reason: String?
    }
    let error: Cause
  }

  private static func reason(_ data: Data) -> String {
    guard let refusal = try? JSONDecoder().decode(Refusal.self, from: data) else {
      return String(decoding: data.prefix(200), as: UTF8.self)
    }
    return "\(refusal.error.type ?? "error"): \(refusal.error.reason ?? "")"
  }
}
