// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import NIOCore
import NIOHTTP1

extension OpenSearchClient {
  /// What answers calls itself by this version.
  public func version() async throws -> String {
    struct About: Decodable {
      struct Version: Decodable { let number: String }
      let version: Version
    }
    return try decode(About.self, from: try await send(.GET, "/")).version.number
  }

  /// Indexes that the alias stands for.
  func liveIndexes() async throws(OpenSearchError) -> Set<String> {
    do throws(OpenSearchError) {
      let answer = try decode([String: Anything].self, from: try await send(.GET, "/_alias/\(alias)"))
      return Set(answer.keys)
    } catch .missing {
      return []
    }
  }

  func exists(_ index: String) async throws(OpenSearchError) -> Bool {
    do throws(OpenSearchError) {
      _ = try await send(.GET, "/\(index)")
      return true
    } catch .missing {
      return false
    }
  }

  func create(_ index: String) async throws(OpenSearchError) {
    let body = SimilarityDocument.index(writingAlias: Self.writingAlias(index))
    _ = try await send(.PUT, "/\(index)", .json(Array(body.utf8)))
  }

  /// Goes when the index goes.
  static func writingAlias(_ index: String) -> String { "\(index)-writing" }

  func delete(_ index: String) async throws(OpenSearchError) {
    do throws(OpenSearchError) { _ = try await send(.DELETE, "/\(index)") } catch .missing {}
  }

  /// Lets searches see all that was written.
  func refresh(_ index: String) async throws(OpenSearchError) { _ = try await send(.POST, "/\(index)/_refresh") }

  private struct Aliases: Encodable {
    struct Action: Encodable {
      struct Target: Encodable {
        let index: String
        let alias: String
      }
      var add: Target?
      var remove: Target?
    }
    let actions: [Action]
  }

  /// In one step: there is no moment at which searches find both, or none.
  func makeLive(_ index: String, insteadOf old: Set<String>) async throws {
    var actions = old.subtracting([index]).sorted().map {
      Aliases.Action(remove: .init(index: $0, alias: alias))
    }
    actions.append(.init(add: .init(index: index, alias: alias)))
    _ = try await send(.POST, "/_aliases", .json(try CanonicalJSON.encode(Aliases(actions: actions))))
  }

  private struct Deletion: Encodable {
    struct Query: Encodable {
      struct Term: Encodable { let tenant: String }
      let term: Term
    }
    let query: Query
  }

  /// Forgets all that an owner has.
  func delete(owner: UUID, from index: String) async throws {
    let body = try CanonicalJSON.encode(Deletion(query: .init(term: .init(tenant: owner.text))))
    _ = try await send(
      .POST, "/\(index)/_delete_by_query?conflicts=proceed&refresh=true&routing=\(owner.text)", .json(body),
      timeout: .minutes(5))
  }
}

/// Any JSON, of which only the place matters.
private struct Anything: Decodable {
  init(from decoder: any Decoder) {}
}
