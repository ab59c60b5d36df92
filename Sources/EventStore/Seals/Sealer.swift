// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres
public import ServiceLifecycle

/// Seals the log as it grows, and keeps the copy of the seals in the second place.
///
/// Any number may run and one leads. It is nowhere near the append path: it reads what was committed, once a second.
public struct Sealer: Service {
  private static let pause: Duration = .seconds(1)

  private let sealing: Sealing
  private let copyPath: String?
  private let leadership: Leadership
  private let logger: Logger

  /// - Parameters:
  ///   - pool: tells how to connect; the sealer has a connection of its own.
  ///   - copyPath: the file that is the second place; nil for none.
  public init(
    pool: PostgresPool, keys: SealKeys, policy: SealPolicy, copyPath: String?,
    logger: Logger = Logger(label: "onefold.sealer")
  ) {
    sealing = Sealing(keys: keys, policy: policy)
    self.copyPath = copyPath
    leadership = Leadership(.seals, name: "sealer", pool: pool, logger: logger)
    self.logger = logger
  }

  /// Does this sealer seal now?
  public var isLeading: Bool { leadership.isHeld }

  /// Leads, or waits to, until graceful shutdown. An outage of Postgres makes it wait and go on.
  public func run() async throws {
    await leadership.run { [sealing, copyPath, logger] session in
      try await Self.lead(sealing, copyPath, logger, on: session)
    }
  }

  /// Seals everything that is not sealed yet, due or not, and brings the copy up to date.
  ///
  /// - Returns: the new seals.
  /// - Throws: ``SealerError``, ``SealCopyError``, `PostgresError`.
  public static func sealNow(pool: PostgresPool, keys: SealKeys, copyPath: String?) async throws -> [Seal] {
    try await pool.withConnection { connection in
      try await sealAll(Sealing(keys: keys, policy: nil), copyPath, on: connection)
    }
  }

  private static func sealAll(
    _ sealing: Sealing, _ copyPath: String?, on connection: isolated PostgresConnection
  ) async throws -> [Seal] {
    var seals: [Seal] = []
    while true {
      do {
        guard let record = try await sealing.step(on: connection) else { break }
        seals.append(record.seal)
      } catch let error as PostgresError where error.isUniqueViolation {
        continue  // The running sealer was quicker: look again.
      }
    }
    if let copyPath {
      do {
        try await refill(SealCopy(path: copyPath), on: connection)
      } catch let error as SealCopyError where error.isTaken {
        // The running sealer has the file, and will find the new seals.
      }
    }
    return seals
  }

  private static func lead(
    _ sealing: Sealing, _ copyPath: String?, _ logger: Logger, on session: isolated PostgresConnection
  ) async throws {
    var copy: SealCopy?
    while !Task.isCancelled {
      var sealed: SealRecord?
      do {
        sealed = try await sealing.step(on: session)
        if let seal = sealed?.seal {
          logger.debug("Sealed", metadata: ["seal": "\(seal.number)", "through": "\(seal.last)"])
        }
        if let copyPath {
          // Opened anew after a failure, so that half a line is cut off.
          let open = try copy ?? SealCopy(path: copyPath)
          copy = nil
          try await refill(open, on: session)
          copy = open
        }
      } catch let error as PostgresError where error.isUniqueViolation {
        // Someone sealed by hand in between.
      } catch  where error is SealerError || error is SealCopyError {
        // Nothing that beginning again would mend.
        SealMetrics.failed()
        logger.error("The log is not sealed as it should be", metadata: ["error": "\(error)"])
        try await Task.sleep(for: .seconds(30))
      }
      // After a full range there is more.
      if sealed?.seal.count != Seal.rangeLimit { try await Task.sleep(for: pause) }
    }
  }

  /// Adds what the copy lacks, after a look at whether it is a copy of this log at all.
  private static func refill(_ copy: SealCopy, on session: isolated PostgresConnection) async throws {
    if let last = copy.last {
      let rows = try await session.query(SealTable.Statements.seal(last.number))
      guard try rows.first.map(Seal.init)?.hash == last.hash else {
        throw SealerError.copyDiffers(number: last.number)
      }
    }
    while true {
      let rows = try await session.query(
        SealTable.Statements.records(after: copy.last?.number ?? 0, through: .max, limit: 64))
      guard !rows.isEmpty else { return }
      try copy.append(rows.map(SealRecord.init))
    }
  }
}
