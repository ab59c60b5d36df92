// SPDX-License-Identifier: Apache-2.0

package import DedupEngine
import Domain
package import Foundation
package import Postgres

/// A sketch as the tables have it.
package struct StoredSketch {
  package var algorithm: String
  package var signature: [UInt8]

  package init(algorithm: String, signature: [UInt8]) {
    self.algorithm = algorithm
    self.signature = signature
  }

  /// Nil for one that an unknown program made: it stays, and is not found.
  package var sketch: Sketch? {
    guard let known = SketchAlgorithm(rawValue: algorithm), signature.count == known.signatureBytes else { return nil }
    return Sketch(algorithm: known, signature: signature, weight: 0)
  }

  /// Those of contents that their owners have.
  package static func of(
    _ questions: [SimilarityCandidates.Question], on connection: PostgresConnection
  ) async throws -> [(SimilarityCandidates.Question, StoredSketch)] {
    try await connection.query(
      """
      SELECT owner, digest, algorithm, signature
      FROM unnest(\(questions.map(\.owner)), \(questions.map(\.digest.description))) AS question (owner, digest)
      JOIN similarity.fingerprint USING (owner, digest)
      """
    ).map { row in
      let (owner, digest, algorithm, signature) = try row.decode((UUID, String, String, [UInt8]).self)
      return (
        SimilarityCandidates.Question(owner: owner, digest: try Digest.read(digest)),
        StoredSketch(algorithm: algorithm, signature: signature)
      )
    }
  }

  /// Look-up keys that only the owner's own contents can have: nobody's search meets what is others'.
  package func keys(of owner: UUID) -> [Int64]? {
    guard let sketch else { return nil }
    let scope = owner.derived("similar:\(algorithm)")
    let (high, low) = withUnsafeBytes(of: scope.uuid) { bytes in
      (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    // Two halves, so that owners whose identifiers were made at one time do not meet.
    return sketch.keys.map { Int64(bitPattern: ($0 ^ high) &* 0x9e37_79b9_7f4a_7c15 ^ low) }
  }
}
