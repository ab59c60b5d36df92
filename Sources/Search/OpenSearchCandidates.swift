// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
public import EventStore
import Foundation
import NIOHTTP1
public import Postgres
public import Projections

/// The index in OpenSearch. It finds what shares look-up keys; how alike that is, is computed here, as with any other index.
public struct OpenSearchCandidates: CandidateIndex {
  /// Of one content; those with the most keys in common.
  private static let candidateLimit = 200

  private let client: OpenSearchClient
  private let pool: PostgresPool

  public init(client: OpenSearchClient, pool: PostgresPool) {
    self.client = client
    self.pool = pool
  }

  public func wait(toReach position: Position, timeout: Duration) async throws {
    let deadline = ContinuousClock.now + timeout
    var pause = Duration.milliseconds(20)
    while true {
      let reached = try await reached()
      if reached >= position { return }
      guard .now < deadline else { throw WaitTimeout(projection: "search", reached: reached, wanted: position) }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(250))
    }
  }

  public func find(_ questions: [SimilarityCandidates.Question]) async throws -> SimilarityCandidates.Answer {
    // Before the search: what it finds is at least so new.
    var answer = SimilarityCandidates.Answer(reached: try await reached())
    do {
      let asked = try await pool.withConnection { connection in try await StoredSketch.of(questions, on: connection) }
        .compactMap { question, stored in
          stored.sketch.flatMap { sketch in stored.keys(of: question.owner).map { (question, sketch, $0) } }
        }
      if asked.isEmpty { return answer }
      let found = try await search(asked.map { Search(question: $0.0, algorithm: $0.1.algorithm, keys: $0.2) })
      return try await pool.withConnection { connection in
        for ((question, sketch, _), hits) in zip(asked, found) {
          let candidates = try hits.map { source in
            guard let signature = Data(base64Encoded: source.signature) else {
              throw OpenSearchError.unavailable("a signature is not in base64")
            }
            return (source.digest, Array(signature))
          }
          answer.found[question, default: []].append(
            try await SimilarityCandidates.matches(of: question, sketch, among: candidates, on: connection))
        }
        return answer
      }
    } catch let error as OpenSearchError {
      throw CandidatesUnavailable(code: "search.away", Self.sentence(error))
    } catch let error as PostgresError where error.sqlState == "42P01" {
      throw CandidatesUnavailable(
        code: "projection.gone", "The projection of similarity was dropped; it will be built anew.")
    }
  }

  /// For a file's owner: nothing of what OpenSearch said.
  private static func sentence(_ error: OpenSearchError) -> String {
    switch error {
    case .missing: "The index of similar contents is being built."
    default: "The index of similar contents does not answer."
    }
  }

  private func reached() async throws -> Position {
    let rows = try await pool.query("SELECT max(position) FROM search.index WHERE is_live")
    return Position(try rows.first?.decode(0, as: Int64?.self) ?? 0)
  }

  // MARK: Searching

  private struct Search {
    let question: SimilarityCandidates.Question
    let algorithm: SketchAlgorithm
    let keys: [Int64]
  }

  private struct Header: Encodable {
    let index: String
    let routing: String
  }

  private struct Answer: Decodable {
    struct Response: Decodable {
      struct Hits: Decodable {
        struct Hit: Decodable {
          let source: Source

          private enum CodingKeys: String, CodingKey { case source = "_source" }
        }
        let hits: [Hit]
      }
      let hits: Hits?
      let timedOut: Bool?
      let status: Int?

      private enum CodingKeys: String, CodingKey {
        case hits, status
        case timedOut = "timed_out"
      }
    }
    struct Source: Decodable {
      let digest: String
      let signature: String
    }
    let responses: [Response]
  }

  private func search(_ searches: [Search]) async throws -> [[Answer.Source]] {
    var lines: [UInt8] = []
    for search in searches {
      lines += try CanonicalJSON.encode(Header(index: client.alias, routing: search.question.owner.text))
      lines.append(UInt8(ascii: "\n"))
      lines += try CanonicalJSON.encode(
        KeyQuery(
          owner: search.question.owner.text, digest: search.question.digest.description,
          algorithm: search.algorithm.rawValue, keys: search.keys.map(SimilarityDocument.term),
          size: Self.candidateLimit))
      lines.append(UInt8(ascii: "\n"))
    }
    let answer = try client.decode(Answer.self, from: try await client.send(.POST, "/_msearch", .lines(lines)))
    guard answer.responses.count == searches.count else {
      throw OpenSearchError.unavailable("\(searches.count) searches had \(answer.responses.count) answers")
    }
    return try answer.responses.map { response in
      if response.status == 404 { throw OpenSearchError.missing }
      guard let hits = response.hits, response.timedOut != true else {
        throw OpenSearchError.unavailable("a search was not answered in full (\(response.status ?? 0))")
      }
      return hits.hits.map(\.source)
    }
  }
}

/// Contents of one owner that share keys with one of them; the score is how many.
private struct KeyQuery: Encodable {
  struct Query: Encodable { let bool: Bool }
  struct Bool: Encodable {
    let filter: [Term]
    let mustNot: [Term]
    let should: [Key]
    let minimumShouldMatch = 1

    private enum CodingKeys: String, CodingKey {
      case filter, should
      case mustNot = "must_not"
      case minimumShouldMatch = "minimum_should_match"
    }
  }
  struct Term: Encodable { let term: [String: String] }
  struct Key: Encodable {
    struct Constant: Encodable { let filter: Term }
    let constantScore: Constant

    private enum CodingKeys: String, CodingKey { case constantScore = "constant_score" }
  }

  let size: Int
  let timeout = "2s"
  let trackTotalHits = false
  let source = ["digest", "signature"]
  let query: Query

  private enum CodingKeys: String, CodingKey {
    case size, timeout, query
    case trackTotalHits = "track_total_hits"
    case source = "_source"
  }

  init(owner: String, digest: String, algorithm: String, keys: [String], size: Int) {
    self.size = size
    query = Query(
      bool: Bool(
        filter: [Term(term: ["tenant": owner]), Term(term: ["algorithm": algorithm])],
        mustNot: [Term(term: ["digest": digest])],
        should: keys.map { Key(constantScore: .init(filter: Term(term: ["keys": $0]))) }))
  }
}
