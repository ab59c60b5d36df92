// SPDX-License-Identifier: Apache-2.0

import Crypto
import Domain
import Foundation

/// The identifiers that an upload will have in the log.
///
/// With an idempotency key they follow from owner and key, so that the same upload sent again, to any server, is the same to the log.
/// The owner is part of the hash: nobody can aim at identifiers of another.
struct UploadIdentity: Equatable, Sendable {
  let fileId: UUID
  let charged: UUID
  let uploaded: UUID
  let trashed: UUID
  let isKeyed: Bool

  init() {
    fileId = .v7()
    charged = .v7()
    uploaded = .v7()
    trashed = .v7()
    isKeyed = false
  }

  init(owner: UUID, key: String) {
    // A key that is itself a time-ordered identifier lends its time, which keeps the log's indexes compact.
    let time = UUID(uuidString: key).flatMap { $0.isTimeOrdered ? $0.timestampMilliseconds : nil }
    func id(_ name: String) -> UUID {
      var hash = SHA256()
      hash.update(data: Data("onefold upload \(owner.text) \(name) \(key)".utf8))
      let bytes = Array(hash.finalize())
      func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
      return .derived(at: time ?? owner.timestampMilliseconds, high: word(0..<8), low: word(8..<16))
    }
    fileId = id("file")
    charged = id("charged")
    uploaded = id("uploaded")
    trashed = id("trashed")
    isKeyed = true
  }
}

extension UUID {
  fileprivate var isTimeOrdered: Bool { uuid.6 >> 4 == 7 }
}
