// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Logging
public import Postgres

/// The first answers to writes that named an `Idempotency-Key`, in `server.kept_answer`.
///
/// A write is first claimed, then answered. A claim without an answer is one that is under way, or whose server died: after
/// ``lease`` it may be taken over.
public struct KeptAnswers: Sendable {
  /// Longer than a write takes; one that does take longer is run a second time, and has its effect once all the same.
  static let lease = Duration.seconds(30)

  private let pool: PostgresPool
  /// How long an answer is kept.
  private let retention: Duration
  private let logger: Logger

  public init(pool: PostgresPool, retention: Duration) {
    self.pool = pool
    self.retention = retention
    logger = Logger(label: "onefold.server.answers")
  }

  /// What a claim is for.
  struct Write: Sendable {
    let account: UUID
    let key: String
    /// SHA-256 of everything that makes it this request.
    let request: [UInt8]
  }

  /// Names a claim, so that a late attempt cannot answer in place of its successor.
  typealias Attempt = UUID

  enum Claim: Sendable {
    case granted(Attempt)
    case answered(KeptAnswer)
    case isUnderWay
    case isOfAnotherRequest
  }

  /// - Throws: ``Problem`` 401 when the account is no more; the database's error.
  func claim(_ write: Write) async throws -> Claim {
    let attempt = UUID.v7()
    do {
      while true {
        let granted = try await pool.query(Self.claim(write, attempt, lease: Self.lease, retention: retention))
        if !granted.isEmpty { return .granted(attempt) }
        // Nothing is there when it was let go in between: then it can be claimed.
        guard let row = try await pool.query(Self.answer(write)).first else { continue }
        guard try row.decode(0, as: [UInt8].self) == write.request else { return .isOfAnotherRequest }
        guard let status = try row.decode(1, as: Int?.self) else { return .isUnderWay }
        let headers = try JSONDecoder().decode([[String]].self, from: Data(row.decode(2, as: [UInt8].self)))
        return .answered(KeptAnswer(status: status, headers: headers, body: try row.decode(3)))
      }
    } catch let error as PostgresError where error.constraint == "kept_answer_account_fkey" {
      throw Problem.unauthenticated("The account does not exist any more.", tokenSent: true)
    }
  }

  /// Never throws: the write has happened, and its sender must hear of it.
  func keep(_ answer: KeptAnswer, of write: Write, _ attempt: Attempt) async {
    await finish("kept") {
      let headers = PostgresJSON([UInt8](try JSONEncoder().encode(answer.headers)))
      try await pool.execute(Self.keep(answer, headers, of: write, attempt))
    }
  }

  /// Lets the next one try: nothing was decided. Never throws: the claim runs out by itself.
  func release(_ write: Write, _ attempt: Attempt) async {
    await finish("let go") { try await pool.execute(Self.release(write, attempt)) }
  }

  /// Removes answers that have been kept long enough, and claims as old.
  ///
  /// - Returns: how many.
  public func sweep() async throws -> Int { try await pool.execute(Self.sweep(retention: retention)) }

  private func finish(_ what: String, _ body: @escaping @Sendable () async throws -> Void) async {
    // Escapes the cancellation of a request whose connection went away: its repetition is what all this is for.
    await Task {
      do {
        try await body()
      } catch {
        logger.warning("An answer could not be \(what)", metadata: ["error": "\(error)"])
      }
    }.value
  }
}
