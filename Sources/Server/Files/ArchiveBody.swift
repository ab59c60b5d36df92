// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes

/// What came of an archive, as the API tells it.
struct ArchiveBody: Encodable {
  /// How many refusals are listed, at most.
  static let refusalLimit = 1000

  /// A file that was not taken, and why, in the words of a problem.
  struct Refusal: Encodable {
    let path: String
    let type: String
    let title: String
    let status: Int
    @Nullable var detail: String?

    init(path: String, _ problem: Problem) {
      self.path = path
      type = problem.type
      title = problem.title
      status = problem.status.code
      _detail = Nullable(wrappedValue: problem.detail)
    }
  }

  /// Files that are new, or have new bytes.
  var created = 0
  var createdBytes: Int64 = 0
  /// Files whose path had these bytes already.
  var unchanged = 0
  var refused = 0
  /// The first of them.
  var refusals: [Refusal] = []
  /// Members that are no regular files.
  var skipped = 0
  /// After which everything is told of in the log.
  var position: Int64 = 0

  var files: Int { created + unchanged }

  mutating func refuse(_ path: String, _ problem: Problem) {
    refused += 1
    if refusals.count < Self.refusalLimit { refusals.append(Refusal(path: path, problem)) }
  }
}
