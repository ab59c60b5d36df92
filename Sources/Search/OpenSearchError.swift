// SPDX-License-Identifier: Apache-2.0

/// Why OpenSearch did not do what it was asked.
enum OpenSearchError: Error, Equatable, CustomStringConvertible {
  /// It does not answer, or is too busy: later it may.
  case unavailable(String)
  /// There is no such index or alias.
  case missing
  /// The request has too many bytes for it.
  case tooLarge
  /// It will say so again.
  case refused(status: Int, reason: String)

  var description: String {
    switch self {
    case .unavailable(let reason): "OpenSearch is not available: \(reason)"
    case .missing: "OpenSearch has no such index"
    case .tooLarge: "the request is too large for OpenSearch"
    case .refused(let status, let reason): "OpenSearch refused the request with \(status): \(reason)"
    }
  }
}
