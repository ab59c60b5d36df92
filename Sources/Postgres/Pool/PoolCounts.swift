// SPDX-License-Identifier: Apache-2.0

/// How many connections of a pool are in which state, and how many tasks wait for one.
struct PoolCounts: Equatable, Sendable {
  var idle = 0
  var lent = 0
  var connecting = 0
  var waiting = 0
}
