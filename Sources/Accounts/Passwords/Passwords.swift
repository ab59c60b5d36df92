// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import Synchronization

/// Hashes and checks passwords, on threads of its own.
///
/// A hash takes some 0.2 s of a core by design. Few threads and a short queue keep a flood of sign-ins from starving uploads: what
/// does not fit in the queue is refused at once with ``PasswordError/busy``.
public final class Passwords: Sendable {
  public let cost: BcryptCost
  private let threads: NIOThreadPool
  private let waiting = Mutex(0)
  private let maximumWaiting: Int
  /// A setting that belongs to no account: see ``verify(_:hash:)``.
  private let decoy: String

  /// - Parameters:
  ///   - threads: How many hashes run at once.
  ///   - maximumWaiting: How many may be asked for and not yet done.
  /// - Throws: ``PasswordError/hashing(errno:)`` when libcrypt has no bcrypt.
  public init(cost: BcryptCost = .standard, threads: Int = 2, maximumWaiting: Int = 64) throws(PasswordError) {
    precondition(threads > 0 && maximumWaiting > 0, "passwords need a thread and a place in the queue")
    self.cost = cost
    self.maximumWaiting = maximumWaiting
    decoy = try Bcrypt.setting(cost)
    self.threads = NIOThreadPool(numberOfThreads: threads)
    self.threads.start()
  }

  /// Call once, when no more passwords will be checked; the threads end.
  public func shutDown() async throws { try await threads.shutdownGracefully() }

  /// Checks a new password against the rules, without hashing it.
  ///
  /// - Throws: ``PasswordError`` saying what is wrong with it.
  public func check(_ password: String) throws(PasswordError) { try PasswordRules.check(password) }

  /// - Throws: ``PasswordError``: what is wrong with a new password, or ``PasswordError/busy``.
  public func hash(_ password: String) async throws -> String {
    try PasswordRules.check(password)
    return try await onThread { [cost] in try Bcrypt.hash(password, setting: Bcrypt.setting(cost)) }
  }

  /// - Parameter hash: nil for an unknown account: the time of a check is spent all the same, so that the answer's delay does not
  ///   tell who has an account. The same holds for a password that bcrypt cannot take.
  /// - Throws: ``PasswordError/busy``.
  public func verify(_ password: String, hash: String?) async throws -> Bool {
    try await onThread { [decoy] in
      let isPossible = (try? PasswordRules.checkLimitsOfBcrypt(password)) != nil
      guard let hash, isPossible else {
        _ = try Bcrypt.hash(isPossible ? password : "", setting: decoy)
        return false
      }
      return try Bcrypt.verify(password, hash: hash)
    }
  }

  /// Whether a hash was made at another cost than today's, and should be made anew at the next sign-in.
  public func isOutdated(_ hash: String) -> Bool { Bcrypt.cost(of: hash) != cost.value }

  private func onThread<Result: Sendable>(
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    let isAdmitted = waiting.withLock { count in
      guard count < maximumWaiting else { return false }
      count += 1
      return true
    }
    guard isAdmitted else { throw PasswordError.busy }
    defer { waiting.withLock { $0 -= 1 } }
    return try await threads.runIfActive(work)
  }
}
