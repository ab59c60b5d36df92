// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import NIOHTTP1

extension OpenSearchClient {
  private static let attemptLimit = 8

  private struct Action: Encodable {
    struct Index: Encodable {
      let id: String
      let routing: String
      let version: Int64
      // OpenSearch numbers versions by itself unless it is told to take ours, and then an older one changes nothing.
      let versionType = "external"

      private enum CodingKeys: String, CodingKey {
        case routing, version
        case id = "_id"
        case versionType = "version_type"
      }
    }
    let index: Index
  }

  private struct Answer: Decodable {
    struct Item: Decodable {
      struct Result: Decodable {
        struct Cause: Decodable {
          let type: String?
          let reason: String?
        }
        let status: Int
        let error: Cause?
      }
      let index: Result
    }
    let errors: Bool
    let items: [Item]
  }

  /// Writes documents, sending again those alone that were not taken for want of room or time. What is there already stays.
  /// - Parameters:
  ///   - position: of the log; replaying what came before it changes nothing.
  ///   - isVisible: returns only once searches find them.
  /// - Returns: how many were refused, and the first reason: they would be again.
  func write(
    _ documents: [SimilarityDocument], into index: String, at position: Int64, isVisible: Bool
  ) async throws -> (refused: Int, reason: String?) {
    var pending = documents
    var (refused, reason): (Int, String?) = (0, nil)
    for attempt in 0..<Self.attemptLimit where !pending.isEmpty {
      if attempt > 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...(100 << min(attempt, 6))))) }
      let answer: Answer
      do {
        // Without that an index that has vanished would be made by this request, with whatever mapping seems to fit.
        let path = "/\(Self.writingAlias(index))/_bulk?require_alias=true" + (isVisible ? "&refresh=wait_for" : "")
        answer = try decode(Answer.self, from: await send(.POST, path, .lines(try Self.lines(pending, at: position))))
      } catch OpenSearchError.tooLarge where pending.count > 1 {
        let half = pending.count / 2
        for part in [Array(pending[..<half]), Array(pending[half...])] {
          let result = try await write(part, into: index, at: position, isVisible: isVisible)
          refused += result.refused
          reason = reason ?? result.reason
        }
        return (refused, reason)
      }
      guard answer.items.count == pending.count else {
        throw OpenSearchError.unavailable("a bulk of \(pending.count) was answered with \(answer.items.count) items")
      }
      var again: [SimilarityDocument] = []
      for (document, item) in zip(pending, answer.items) {
        switch item.index.status {
        // A conflict: what is there is as new or newer.
        case 200..<300, 409: break
        case 404: throw OpenSearchError.missing
        case 429, 500...: again.append(document)
        default:
          refused += 1
          reason = reason ?? "\(item.index.error?.type ?? "error"): \(item.index.error?.reason ?? "")"
        }
      }
      pending = again
    }
    guard pending.isEmpty else {
      throw OpenSearchError.unavailable("\(pending.count) of \(documents.count) documents were not taken")
    }
    return (refused, reason)
  }

  private static func lines(_ documents: [SimilarityDocument], at position: Int64) throws -> [UInt8] {
    var lines: [UInt8] = []
    for document in documents {
      let action = Action(index: .init(id: document.id, routing: document.owner.text, version: position))
      lines += try CanonicalJSON.encode(action) + [UInt8(ascii: "\n")]
      lines += try CanonicalJSON.encode(document.source(at: position)) + [UInt8(ascii: "\n")]
    }
    return lines
  }
}
