// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// Slows down whoever guesses passwords: by address and email together, so that nobody can lock another out of their account, and by
/// address alone.
struct LoginThrottle: Sendable {
  private let byAccount: TokenBuckets
  private let byAddress: TokenBuckets
  private let trustsForwardedFor: Bool

  init(_ limits: ServerConfiguration.LoginLimits, trustsForwardedFor: Bool) {
    byAccount = TokenBuckets(burst: limits.triesPerAccount, refillTime: limits.refillTime)
    byAddress = TokenBuckets(burst: limits.triesPerAddress, refillTime: limits.refillTime)
    self.trustsForwardedFor = trustsForwardedFor
  }

  /// - Throws: ``Problem`` 429.
  func admit(_ request: Request, email: String, context: some ConnectionContext) throws(Problem) {
    try admit(request, context: context)
    try check(byAccount.take("\(address(request, context)) \(email.lowercased())"))
  }

  /// - Throws: ``Problem`` 429.
  func admit(_ request: Request, context: some ConnectionContext) throws(Problem) {
    try check(byAddress.take(address(request, context)))
  }

  private func check(_ missing: Duration?) throws(Problem) {
    guard let missing else { return }
    throw .rateLimited(retryAfter: Int(missing.components.seconds) + 1)
  }

  private func address(_ request: Request, _ context: some ConnectionContext) -> String {
    if trustsForwardedFor, let last = request.headers[.forwardedFor]?.split(separator: ",").last {
      return last.filter { $0 != " " }
    }
    return context.channel.remoteAddress?.ipAddress ?? "unknown"
  }
}
