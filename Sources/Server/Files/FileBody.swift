// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Projections

/// A file as the API shows it.
struct FileBody: Encodable {
  let id: String
  let path: String
  let size: Int64
  let digest: Digest
  @Nullable var contentType: String?
  let state: FileItem.State
  let settled: Bool
  let uploadedAt: Date
  @Nullable var trashedAt: Date?
  let position: Int64

  init(_ file: FileItem) {
    id = file.id.text
    path = file.path
    size = file.size
    digest = file.digest
    _contentType = Nullable(wrappedValue: file.contentType)
    state = file.state
    settled = file.settled
    uploadedAt = file.uploadedAt
    _trashedAt = Nullable(wrappedValue: file.trashedAt)
    position = file.position.rawValue
  }

  /// A file right after a change, as the log tells it; only the read tables know whether it is settled.
  init(_ file: StoredFile, settled: Bool) {
    id = file.id.text
    path = file.path
    size = file.size
    digest = file.digest
    _contentType = Nullable(wrappedValue: file.contentType)
    state = file.state == .live ? .live : .trashed
    self.settled = settled
    uploadedAt = file.uploadedAt
    _trashedAt = Nullable(wrappedValue: file.trashedAt)
    position = file.position.rawValue
  }
}
