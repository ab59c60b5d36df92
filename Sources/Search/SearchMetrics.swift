// SPDX-License-Identifier: Apache-2.0

import Metrics

/// What is told of OpenSearch; see docs/operations.md.
enum SearchMetrics {
  private static let answers = Counter(label: "onefold_search_requests_total", dimensions: [("outcome", "answered")])
  private static let failures = Counter(label: "onefold_search_requests_total", dimensions: [("outcome", "failed")])
  private static let open = Gauge(label: "onefold_search_suspended")
  private static let position = Gauge(label: "onefold_search_position")
  private static let documents = Counter(label: "onefold_search_documents_total")
  private static let rejected = Counter(label: "onefold_search_rejected_documents_total")

  static func answered(isFailure: Bool, isOpen: Bool) {
    (isFailure ? failures : answers).increment()
    open.record(isOpen ? 1 : 0)
  }

  static func indexed(_ count: Int) { documents.increment(by: count) }

  static func reject(_ count: Int) { rejected.increment(by: count) }

  static func moved(to position: Int64) { self.position.record(position) }
}
