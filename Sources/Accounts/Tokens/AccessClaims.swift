// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// Who asks, as an accepted access token says it.
public struct AccessClaims: Equatable, Sendable {
  public let accountId: UUID
  public let role: Role
  /// The sign-in that the token comes from.
  public let sessionId: UUID
  /// The token's own identifier.
  public let tokenId: UUID
  public let issuedAt: Date
  public let expiresAt: Date
}
