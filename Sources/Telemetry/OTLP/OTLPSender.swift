// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import Synchronization

/// Sends requests of one signal to the collector, again where that may help.
///
/// What to repeat: https://opentelemetry.io/docs/specs/otlp/#failures-1.
final class OTLPSender: Sendable {
  private enum Answer {
    case taken
    /// Not as it is, however often it is sent.
    case refused(String)
    case later(String, after: Duration?)
  }

  /// Attempts at one request, which with the pauses between them take half a minute.
  private static let attempts = 6
  private static let longestPause = Duration.seconds(30)

  private let signal: OTLPConfiguration.Signal
  private let destination: OTLPConfiguration.Destination
  private let logger: Logger
  private let failures: Counter
  private let isDown = Mutex(false)

  init(_ signal: OTLPConfiguration.Signal, _ destination: OTLPConfiguration.Destination, logger: Logger) {
    self.signal = signal
    self.destination = destination
    self.logger = logger
    failures = Counter(label: "onefold_telemetry_failures_total", dimensions: [("signal", signal.rawValue)])
    failures.increment(by: 0)
  }

  /// - Returns: whether the collector took it. Cancelled, it tries once more and does not wait.
  func send(_ body: String) async -> Bool {
    var pause = Duration.seconds(1)
    for attempt in 1...Self.attempts {
      switch await sendOnce(body) {
      case .taken:
        note(nil)
        return true
      case .refused(let reason):
        note(reason)
        return false
      case .later(let reason, let after):
        note(reason)
        guard attempt < Self.attempts, !Task.isCancelled else { return false }
        try? await Task.sleep(for: min(max(after ?? .zero, pause), Self.longestPause))
        pause *= 2
      }
    }
    return false
  }

  private func sendOnce(_ body: String) async -> Answer {
    var request = HTTPClientRequest(url: destination.url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    for (name, value) in destination.headers { request.headers.add(name: name, value: value) }
    request.body = .bytes(ByteBuffer(string: body))
    do {
      let milliseconds =
        destination.timeout.components.seconds * 1000 + destination.timeout.components.attoseconds
        / 1_000_000_000_000_000
      let response = try await HTTPClient.shared.execute(request, timeout: .milliseconds(milliseconds))
      _ = try? await response.body.collect(upTo: 1 << 20)
      switch response.status.code {
      case 200..<300: return .taken
      case 429, 502, 503, 504:
        let after = response.headers.first(name: "Retry-After").flatMap { Int($0) }.map { Duration.seconds($0) }
        return .later("it answered with \(response.status.code)", after: after)
      default: return .refused("it answered with \(response.status.code)")
      }
    } catch {
      return .later("\(error)", after: nil)
    }
  }

  /// One line when it goes wrong, and one when it goes well again.
  private func note(_ failure: String?) {
    if failure != nil { failures.increment() }
    let changed = isDown.withLock { isDown in
      defer { isDown = failure != nil }
      return isDown != (failure != nil)
    }
    guard changed else { return }
    if let failure {
      logger.warning("The collector does not take telemetry", metadata: ["signal": "\(signal)", "error": "\(failure)"])
    } else {
      logger.notice("The collector takes telemetry again", metadata: ["signal": "\(signal)"])
    }
  }
}
