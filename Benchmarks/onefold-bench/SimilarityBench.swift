// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DedupEngine
import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Projections

/// Looking for contents that resemble one, among many.
struct SimilarityBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similarity", abstract: "How long a look-up among one owner's sketches takes; prints microseconds.",
    discussion: """
      One content in ten resembles an earlier one, and one in a hundred is of a family that shares a quarter of its keys.

      EXAMPLES
        onefold-bench similarity --url postgresql://… --fill 1000000   contents a second
        onefold-bench similarity --url postgresql://…                  the 99th percentile of look-ups
        onefold-bench similarity --url postgresql://… --primary        the same of a SELECT by primary key
        onefold-bench similarity --url postgresql://… --size           bytes in tables and indexes for each content
      """)

  @Option(help: "A database with the read tables, as their owner.") var url: String
  @Option(help: "Fill the tables with so many contents.") var fill: Int?
  @Flag(help: "Select sketches by their primary key instead.") var primary = false
  @Flag(help: "Print the median instead of the 99th percentile.") var median = false
  @Flag(help: "Print the bytes for each content.") var size = false
  @Option(help: "How many look-ups.") var questions = 3000

  private static let owner = UUID(uuidString: "01920000-0000-7000-8000-000000000001") ?? UUID()

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: url, statementTimeout: nil), size: 1, logger: logger)
    if let fill {
      try await Rate.measure { try await Self.fill(fill, pool) }.report()
      for table in ["sketch", "fingerprint"] {
        try await pool.withConnection { try await $0.script("VACUUM ANALYZE similarity.\(table)") }
      }
    } else if size {
      let rows = try await pool.query(
        """
        SELECT (pg_total_relation_size('similarity.sketch') + pg_total_relation_size('similarity.fingerprint'))::double precision
          / (SELECT count(*) FROM similarity.fingerprint)
        """)
      print(try rows[0].decode(0, as: Double.self))
    } else {
      print(try await latency(pool))
    }
    await pool.close()
  }

  private func latency(_ pool: PostgresPool) async throws -> Double {
    let digests = try await pool.query(
      "SELECT digest FROM similarity.sketch TABLESAMPLE BERNOULLI (50) LIMIT \(questions)"
    ).map { try Digest($0.decode(0, as: String.self)) }.compactMap(\.self)
    let candidates = PostgresCandidates(pool: pool, positions: ProjectionPositions(pool: pool))
    var durations: [Duration] = []
    for digest in digests {
      let start = ContinuousClock.now
      if primary {
        _ = try await pool.query(
          "SELECT digest, algorithm, signature FROM similarity.sketch WHERE digest = \(digest.description)")
      } else {
        _ = try await candidates.find([.init(owner: Self.owner, digest: digest)])
      }
      durations.append(start.duration(to: .now))
    }
    durations.sort()
    guard let last = durations.indices.last else { throw ValidationError("There are no contents.") }
    return durations[last * (median ? 50 : 99) / 100] / .microseconds(1)
  }

  private static func fill(_ count: Int, _ pool: PostgresPool) async throws -> Int {
    var random = SplitMix(state: 7)
    var recent: [[UInt8]] = []
    let family = random.bytes(256)
    let part = 5000
    for start in stride(from: 0, to: count, by: part) {
      let signatures = (start..<min(count, start + part)).map { number -> [UInt8] in
        var signature = random.bytes(256)
        if number % 10 == 0, let earlier = recent.randomElement(using: &random) {
          signature = earlier
          for _ in 0..<40 { signature[Int(random.next() % 256)] = UInt8(truncatingIfNeeded: random.next()) }
        } else if number % 100 == 1 {
          signature.replaceSubrange(0..<32, with: family[0..<32])
        }
        if recent.count < 1000 { recent.append(signature) }
        return signature
      }
      recent.removeFirst(min(recent.count, 500))
      let rows = zip(start..., signatures).map { number, signature in
        (digest(number), signature, StoredSketch(algorithm: "txt1", signature: signature).keys(of: owner) ?? [])
      }
      try await pool.transaction { connection in
        try await connection.copyIn(
          "COPY similarity.sketch (weight, algorithm, digest, signature) FROM STDIN (FORMAT binary)", rows: rows
        ) { row, writer in writer.row(500, "txt1", row.0, row.1) }
        try await connection.copyIn(
          "COPY similarity.fingerprint (owner, algorithm, digest, signature, keys) FROM STDIN (FORMAT binary)",
          rows: rows
        ) { row, writer in writer.row(owner, "txt1", row.0, row.1, row.2) }
      }
    }
    return count
  }

  private static func digest(_ number: Int) -> String {
    var random = SplitMix(state: UInt64(number) &* 0x9e37_79b9)
    return Digest(bytes: random.bytes(32)).description
  }

  /// SplitMix64.
  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
      return value ^ value >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
      (0..<count / 8).flatMap { _ in withUnsafeBytes(of: next()) { Array($0) } }
    }
  }
}
