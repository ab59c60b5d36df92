// SPDX-License-Identifier: Apache-2.0

/// The pool's rules, and nothing else: no locks, no tasks, no clock. What must be done is returned, and done outside
/// the lock.
///
/// Connections are opened by the task that needs one, so a grant is either a connection or the leave to open one.
/// Every grant is given back exactly once: ``release(_:isReusable:at:)``, or ``connectFailed()`` when the opening
/// failed.
struct PoolStateMachine<Connection, Waiter> {
  typealias Grant = PoolGrant<Connection>

  enum Acquisition {
    case granted(Grant)
    /// The waiter stands in line. When a deadline is given, call ``PoolStateMachine/expire(at:)`` then.
    case waiting(wakeAt: ContinuousClock.Instant?)
    case refused
  }

  /// What to do after something was given back.
  struct Outcome {
    var resume: (waiter: Waiter, grant: Grant)?
    var close: Connection?
    /// The pool is closing and this was the last connection.
    var isDrained = false
  }

  let limit: Int
  /// The one given back last goes out first, so that those not needed grow old.
  private var idle: [(connection: Connection, since: ContinuousClock.Instant)] = []
  private var lent = 0
  private var connecting = 0
  private var waiters = WaitQueue<Waiter>()
  /// A wake-up has been asked for and has not come: at most one is under way.
  private var isTimerSet = false
  private(set) var isClosed = false

  init(limit: Int) {
    precondition(limit > 0, "a pool of no connections serves nobody")
    self.limit = limit
  }

  var counts: PoolCounts {
    PoolCounts(idle: idle.count, lent: lent, connecting: connecting, waiting: waiters.count)
  }

  // Invariant: somebody waits only when nothing is idle and the limit is reached.

  /// What can be had without waiting; nil if nothing. Does not enqueue.
  mutating func acquireImmediately() -> Grant? {
    guard !isClosed else { return nil }
    if let (connection, _) = idle.popLast() {
      lent += 1
      return .lend(connection)
    }
    guard lent + connecting < limit else { return nil }
    connecting += 1
    return .connect
  }

  mutating func acquire(_ waiter: Waiter, id: UInt64, deadline: ContinuousClock.Instant) -> Acquisition {
    guard !isClosed else { return .refused }
    if let grant = acquireImmediately() { return .granted(grant) }
    waiters.append(waiter, id: id, deadline: deadline)
    guard !isTimerSet else { return .waiting(wakeAt: nil) }
    isTimerSet = true
    return .waiting(wakeAt: deadline)
  }

  mutating func connected() {
    connecting -= 1
    lent += 1
  }

  mutating func connectFailed() -> Outcome {
    connecting -= 1
    return grantFreePlace()
  }

  mutating func release(_ connection: Connection, isReusable: Bool, at now: ContinuousClock.Instant) -> Outcome {
    lent -= 1
    guard isReusable, !isClosed else {
      var outcome = grantFreePlace()
      outcome.close = connection
      return outcome
    }
    if let waiter = waiters.popFirst() {
      lent += 1
      return Outcome(resume: (waiter, .lend(connection)))
    }
    idle.append((connection, now))
    return Outcome()
  }

  /// A connection was found broken after it was lent: its borrower may open another in its place.
  mutating func replace() {
    lent -= 1
    connecting += 1
  }

  /// The waiter gives up. Nil if it was served or refused before.
  mutating func cancel(_ id: UInt64) -> Waiter? {
    waiters.remove(id)
  }

  /// The time asked for has come: those whose deadline has passed, and when to come again.
  mutating func expire(at now: ContinuousClock.Instant) -> (expired: [Waiter], wakeAt: ContinuousClock.Instant?) {
    isTimerSet = false
    var expired: [Waiter] = []
    // All wait equally long, so deadlines come in the order of the line.
    while let deadline = waiters.firstDeadline() {
      guard deadline <= now else {
        isTimerSet = true
        return (expired, deadline)
      }
      if let waiter = waiters.popFirst() { expired.append(waiter) }
    }
    return (expired, nil)
  }

  /// Takes out connections that nobody has needed since then.
  mutating func removeIdle(since: ContinuousClock.Instant) -> [Connection] {
    let old = idle.prefix { $0.since <= since }.map(\.connection)
    idle.removeFirst(old.count)
    return old
  }

  /// Nothing is lent any more. Idle connections are to be closed, waiters refused, those lent awaited.
  mutating func close() -> (close: [Connection], refuse: [Waiter], isDrained: Bool) {
    isClosed = true
    let connections = idle.map(\.connection)
    idle = []
    var refused: [Waiter] = []
    while let waiter = waiters.popFirst() { refused.append(waiter) }
    return (connections, refused, isDrained)
  }

  private var isDrained: Bool { isClosed && lent + connecting == 0 }

  private mutating func grantFreePlace() -> Outcome {
    guard !isClosed, let waiter = waiters.popFirst() else { return Outcome(isDrained: isDrained) }
    connecting += 1
    return Outcome(resume: (waiter, .connect))
  }
}
