// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Who asks for something that becomes an event.
public struct Asker: Sendable {
  /// Nil at the terminal, where there are no accounts.
  public var account: UUID?
  /// The request.
  public var correlationId: UUID?
  /// Names the request for as long as it may come again: then its events keep their ids.
  public var key: UUID?

  public init(account: UUID?, correlationId: UUID? = nil, key: UUID? = nil) {
    self.account = account
    self.correlationId = correlationId
    self.key = key
  }
}
