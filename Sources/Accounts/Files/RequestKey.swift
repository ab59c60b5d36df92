// SPDX-License-Identifier: Apache-2.0

import Crypto
import Domain
public import Foundation

/// An idempotency key and whose it is: what a request does takes its identifiers from here, so that the same request sent again, to any
/// server, is the same to the log. The account is part of the hash: nobody can aim at identifiers of another.
public struct RequestKey: Hashable, Sendable {
  public let account: UUID
  public let text: String

  /// - Parameter text: any text of the client's choice.
  public init(account: UUID, text: String) {
    self.account = account
    self.text = text
  }

  /// The identifier of one thing that a command makes; always the same for the same three.
  public func id(_ command: String, _ thing: String) -> UUID {
    // A key that is itself a time-ordered identifier lends its time, which keeps the log's indexes compact.
    let time = UUID(uuidString: text).flatMap { $0.isTimeOrdered ? $0.timestampMilliseconds : nil }
    var hash = SHA256()
    hash.update(data: Data("onefold \(command) \(account.text) \(thing) \(text)".utf8))
    let bytes = Array(hash.finalize())
    func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
    return .derived(at: time ?? account.timestampMilliseconds, high: word(0..<8), low: word(8..<16))
  }
}

extension UUID {
  /// Version 7, or one that was derived from such.
  fileprivate var isTimeOrdered: Bool { [7, 8].contains(uuid.6 >> 4) }
}
