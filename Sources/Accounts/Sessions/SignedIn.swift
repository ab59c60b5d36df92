// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// What a sign-in or a refresh gives. Both tokens are secrets: they go to the client and nowhere else.
public struct SignedIn: Sendable {
  /// A JWT for the Authorization header.
  public var accessToken: String
  public var expiresIn: Duration
  /// Good for one refresh, which gives another.
  public var refreshToken: String
  public var refreshExpiresIn: Duration
  public var accountId: UUID
  public var role: Role
  public var sessionId: UUID
}
