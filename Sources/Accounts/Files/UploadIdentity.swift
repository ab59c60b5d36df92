// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// The identifiers that an upload will have in the log.
///
/// With an idempotency key they follow from that.
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

  init(_ key: RequestKey) {
    fileId = key.id("upload", "file")
    charged = key.id("upload", "charged")
    uploaded = key.id("upload", "uploaded")
    trashed = key.id("upload", "trashed")
    isKeyed = true
  }
}
