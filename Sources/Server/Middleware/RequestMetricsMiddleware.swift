// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Metrics
import Synchronization

/// `http_requests_total`, by method, status and endpoint, and `http_request_duration_seconds`, by method and endpoint.
///
/// The endpoint is the pattern of the route, never the path, so that the number of series is that of the routes. The duration is the time
/// until the answer is ready; the transfer of a download is not in it.
struct RequestMetricsMiddleware: RouterMiddleware {
  private let series = SeriesCache()
  private let clock = ContinuousClock()

  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    let start = clock.now
    let response = try await next(request, context)
    let (count, duration) = series.get(
      .init(
        method: Self.known.contains(request.method) ? request.method.rawValue : "OTHER",
        status: response.status.code, endpoint: context.endpointPath ?? "NotFound"))
    count.increment()
    duration.record(duration: clock.now - start)
    return response
  }

  private static let known: Set<HTTPRequest.Method> = [.get, .head, .put, .post, .delete, .patch, .options]
}

/// Keeps the handles, because making one looks up its labels among all.
private final class SeriesCache: Sendable {
  struct Key: Hashable {
    let method: String
    let status: Int
    let endpoint: String
  }

  private let handles = Mutex<[Key: (Counter, Metrics.Timer)]>([:])

  func get(_ key: Key) -> (Counter, Metrics.Timer) {
    handles.withLock { handles in
      if let found = handles[key] { return found }
      let labels = [("method", key.method), ("status", String(key.status)), ("endpoint", key.endpoint)]
      let made = (
        Counter(label: "http_requests_total", dimensions: labels),
        Metrics.Timer(label: "http_request_duration_seconds", dimensions: [labels[0], labels[2]])
      )
      handles[key] = made
      return made
    }
  }
}
