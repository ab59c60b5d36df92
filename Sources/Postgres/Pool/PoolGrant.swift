// SPDX-License-Identifier: Apache-2.0

/// What somebody who asked a pool for a connection is given.
enum PoolGrant<Connection> {
  case lend(Connection)
  /// Open a connection, then say ``PoolStateMachine/connected()`` or ``PoolStateMachine/connectFailed()``.
  case connect
}

extension PoolGrant: Sendable where Connection: Sendable {}
extension PoolGrant: Equatable where Connection: Equatable {}
