// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
public import Logging
public import Postgres
public import Projections

/// Forgets people: their files, their sign-in, and the key under which the log tells of them.
///
/// 1. One transaction writes down that the account is being erased, disables it and ends its sessions. From here on nothing is added.
/// 2. Every file is removed, as its owner would remove it: quota, groups and savings follow from the events.
/// 3. One transaction destroys the key, deletes the credential with all that hangs on it, offers the contents for reclaiming, and appends
///    `account.erased`, at which every projection drops the owner's rows.
///
/// Each step can be repeated, and an erasure that was cut off goes on with ``resume()``. Then the contents that nobody else has are condemned,
/// and their bytes are removed by ``Reclaimer`` after its grace.
public struct Eraser: Sendable {
  private let pool: PostgresPool
  private let log: PostgresEventLog
  private let keys: PersonalKeys
  private let ledger: FileLedger
  private let positions: ProjectionPositions
  private let reclaimer: Reclaimer
  private let logger: Logger

  /// - Parameter positions: tells when the read tables know that the files are gone.
  public init(
    pool: PostgresPool, log: PostgresEventLog, keys: PersonalKeys, ledger: FileLedger, positions: ProjectionPositions,
    reclaimer: Reclaimer, logger: Logger = Logger(label: "onefold.eraser")
  ) {
    self.pool = pool
    self.log = log
    self.keys = keys
    self.ledger = ledger
    self.positions = positions
    self.reclaimer = reclaimer
    self.logger = logger
  }

  /// The account of an email address or an identifier; nil when there is none, or it is erased.
  public func account(named name: String) async throws -> UUID? {
    try await pool.query(Self.account(named: name)).first?.decode(0, as: UUID.self)
  }

  /// Returns when the person is forgotten, but for bytes on the disk. Costs a reading of their events and an event for each file.
  ///
  /// - Parameter actor: who asked for it; nil when nobody signed in did.
  /// - Throws: ``AccountError/unknownAccount``, or the error of the log or of the database. Once it was begun, ``resume()`` finishes it.
  public func erase(_ account: UUID, actor: UUID? = nil, correlationId: UUID? = nil) async throws -> Erasure {
    try await begin(account, actor, correlationId)
    var erasure = try await finish(account, actor, correlationId)
    await discardOldTables()
    erasure.condemned = await condemn(erasure.contents, after: erasure.position)
    return erasure
  }

  /// Finishes what was begun and cut off.
  ///
  /// - Returns: how many erasures that was.
  public func resume() async throws -> Int {
    let begun = try await pool.query(Self.begun).decode((UUID, UUID?).self)
    for (account, actor) in begun {
      let erasure = try await finish(account, actor, nil)
      logger.notice("An erasure was finished", metadata: ["account": "\(account.text)", "files": "\(erasure.files)"])
    }
    // Each time: a rebuild may have replaced tables since that stood before an erasure.
    await discardOldTables()
    return begun.count
  }

  /// Read tables that nobody reads and that hold people who were forgotten since. What is in use now is discarded the next time.
  private func discardOldTables() async {
    do {
      _ = try await pool.query(Self.discardOldTables)
    } catch {
      logger.notice("Old read tables could not be discarded", metadata: ["error": "\(error)"])
    }
  }

  func begin(_ account: UUID, _ actor: UUID?, _ correlationId: UUID?) async throws {
    let event = try NewEvent(
      AccountDisabled(accountId: account, reason: "erasure"), owner: account, actor: actor, correlationId: correlationId
    )
    let position = try await pool.transaction { connection -> Position? in
      guard let row = try await connection.query(Self.lockCredential(of: account)).first else {
        throw AccountError.unknownAccount
      }
      _ = try await connection.pipeline([
        Self.insert(account, actor), AccountDirectory.disable(account), AccountDirectory.revokeSessions(of: account),
      ])
      guard try row.decode(0, as: Date?.self) == nil else { return nil }
      return try await log.append(
        [StreamAppend(stream: .account(account), expected: .streamExists, events: [event])], in: connection
      ).last
    }
    if let position { log.wakeUp.announce(position) }
  }

  private func finish(_ account: UUID, _ actor: UUID?, _ correlationId: UUID?) async throws -> Erasure {
    var history = OwnerHistory(of: account)
    var erasure = Erasure(
      accountId: account, position: .start, files: 0, bytes: 0, eventsInTheClear: 0, contents: [])
    while true {
      try await history.read(from: log)
      // What others have removed meanwhile is not counted twice, because it is read before the next round.
      while !history.files.isEmpty {
        erasure.files += history.files.count
        erasure.bytes += history.files.values.reduce(0, +)
        try await remove(Array(history.files.keys), of: account, actor, correlationId)
        try await history.read(from: log)
      }
      erasure.eventsInTheClear = history.eventsInTheClear
      erasure.contents = history.digests
      do {
        erasure.position = try await forget(history, actor, correlationId)
        return erasure
      } catch EventLogError.versionConflict {
        // Something else happened to the account just now: read it, and try again.
      }
    }
  }

  private func remove(_ files: [UUID], of account: UUID, _ actor: UUID?, _ correlationId: UUID?) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, file) in files.enumerated() {
        // As many at a time as the ledger takes in a round.
        if index >= 256 { try await group.next() }
        group.addTask {
          do {
            _ = try await ledger.remove(file, owner: account, actor: actor ?? account, correlationId: correlationId)
          } catch FileLedgerError.unknownFile, FileLedgerError.unknownAccount, FileLedgerError.contended {
            // Removed by somebody else, or about to be, or the account was erased: the next reading tells.
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Nothing here can undo what was done, so nothing here fails it: what is not condemned now is by the next pass.
  private func condemn(_ contents: Set<Digest>, after position: Position) async -> Erasure.Condemned? {
    do {
      try await positions.wait(for: [SavingsProjection.name], toReach: position)
      try await reclaimer.condemn()
      let standing = try await reclaimer.standing(of: Array(contents))
      guard standing.undecided == 0 else { return nil }
      return Erasure.Condemned(
        bytes: standing.condemnedBytes, until: Date(timeIntervalSinceNow: reclaimer.grace / .seconds(1)))
    } catch {
      logger.notice("Contents of an erased account wait for the next pass", metadata: ["error": "\(error)"])
      return nil
    }
  }

  /// The last step, whole or not at all.
  private func forget(_ history: OwnerHistory, _ actor: UUID?, _ correlationId: UUID?) async throws -> Position {
    let account = history.owner
    let events = try AccountDecider.decide(.erase, history.account, accountId: account).map { event in
      // One id for all tries: a commit whose answer was lost is recognised.
      try NewEvent(
        event.payload, id: account.derived("erased"), owner: account, actor: actor, correlationId: correlationId)
    }
    let position = try await pool.transaction { connection in
      try await keys.destroy(account, on: connection)
      _ = try await connection.pipeline([
        Reclaimer.offer(history.digests.map(\.description).sorted()), Self.deleteCredential(of: account),
        Self.delete(account),
      ])
      return try await log.append(
        [StreamAppend(stream: .account(account), expected: .exactly(history.version), events: events)], in: connection
      ).last
    }
    keys.forget(account)
    log.wakeUp.announce(position)
    return position
  }
}
