// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Projections

/// One content of one owner, as OpenSearch keeps it.
struct SimilarityDocument {
  let owner: UUID
  /// As text: `sha256:…`.
  let digest: String
  let algorithm: String
  let signature: [UInt8]
  /// ``StoredSketch/keys(of:)``.
  let keys: [Int64]

  /// Nil for a sketch that an unknown program made.
  init?(owner: UUID, digest: String, sketch: StoredSketch) {
    guard let keys = sketch.keys(of: owner) else { return nil }
    self.owner = owner
    self.digest = digest
    algorithm = sketch.algorithm
    signature = sketch.signature
    self.keys = keys
  }

  /// As in the log's terms: the same content of the same owner is the same document, however often it is sent.
  var id: String { "\(owner.text):\(digest):\(algorithm)" }

  static func term(_ key: Int64) -> String { String(UInt64(bitPattern: key), radix: 36) }

  struct Source: Codable {
    let tenant: String
    let digest: String
    let algorithm: String
    let keys: [String]
    /// In base64.
    let signature: String
    let position: Int64
  }

  /// - Parameter position: of the log, at which it was read.
  func source(at position: Int64) -> Source {
    Source(
      tenant: owner.text, digest: digest, algorithm: algorithm, keys: keys.map(Self.term),
      signature: Data(signature).base64EncodedString(), position: position)
  }

  /// What an index is made with. Strict: a member that is not listed is refused instead of guessed.
  static func index(writingAlias: String) -> String {
    """
    {
      "aliases": { "\(writingAlias)": {} },
      "settings": { "index": { "number_of_shards": 3, "number_of_replicas": 1, "refresh_interval": "1s" } },
      "mappings": {
        "dynamic": "strict",
        "_routing": { "required": true },
        "properties": {
          "tenant": { "type": "keyword" },
          "digest": { "type": "keyword" },
          "algorithm": { "type": "keyword" },
          "keys": { "type": "keyword", "doc_values": false, "norms": false },
          "signature": { "type": "binary" },
          "position": { "type": "long" }
        }
      }
    }
    """
  }
}
