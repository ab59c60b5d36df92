// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres

/// Checks a live log against its seals: every row of every range, every root, every link, every signature.
///
/// Reads what there is when it begins, and is in nobody's way. Two ranges at a time on two connections, hashed on their threads from
/// libpq's own buffers.
public struct LogVerification: Sendable {
  private static let parallel = 2

  private let configuration: PostgresConfiguration
  private let keys: Set<SealPublicKey>
  private let copyPath: String?
  private let logger: Logger

  /// - Parameters:
  ///   - keys: whom to believe.
  ///   - copyPath: the second place of the seals; nil for none.
  public init(
    configuration: PostgresConfiguration, trusting keys: Set<SealPublicKey>, copyPath: String? = nil,
    logger: Logger = Logger(label: "onefold.verify")
  ) {
    var unhurried = configuration
    unhurried.statementTimeout = nil
    self.configuration = unhurried
    self.keys = keys
    self.copyPath = copyPath
    self.logger = logger
  }

  /// - Parameter progress: told how many events are checked, and how many there are.
  /// - Throws: `PostgresError`; ``LogFileError`` about the copy. What is wrong with the log is not thrown but reported.
  public func run(
    progress: @escaping @Sendable (_ events: Int64, _ head: Int64) -> Void = { _, _ in }
  ) async throws -> VerifyReport {
    // One connection for the seals.
    let pool = PostgresPool(configuration: configuration, size: Self.parallel + 1, name: "verify", logger: logger)
    let result: Result<VerifyReport, any Error>
    do {
      result = .success(try await pool.withConnection { try await verify(on: $0, rows: pool, progress) })
    } catch {
      result = .failure(error)
    }
    await pool.close()
    return try result.get()
  }

  private static let state: Query = """
    SELECT head.position, coalesce((SELECT max(position) FROM log.event), 0), coalesce((SELECT max(number) FROM log.seal), 0)
    FROM log.head
    """

  private func verify(
    on connection: isolated PostgresConnection, rows pool: PostgresPool,
    _ progress: @escaping @Sendable (Int64, Int64) -> Void
  ) async throws -> VerifyReport {
    // The copy before the log: each of its seals was in the log first.
    let copy = try copyPath.map { try SealFile(path: $0, trusting: keys) }
    guard let row = try await connection.query(Self.state).first else {
      throw LogFileError("log.head has no row: this is no log")
    }
    let (head, newest, lastSeal) = try row.decode((Int64, Int64, Int64).self)
    var report = VerifyReport()
    report.head = head
    var feed = BatchFeed(
      pages: SealPages(through: lastSeal), judge: SealJudge(trusting: keys, copy: copy, report: report))
    var result = try await checkAll(&feed, on: connection, rows: pool) { progress($0, head) }
    if newest != head {
      result.findings.add(Finding(.headWrong, detail: "it is \(head), and the last event is at \(newest)"))
    }
    for (first, last) in try await connection.query(Self.gaps(from: feed.end, to: head)).decode((Int64, Int64).self) {
      result.findings.add(Finding(.missing, positions: first...last))
    }
    return feed.judge.finish(result)
  }

  /// Keeps the connections busy: the next batch is ready when one ends.
  private func checkAll(
    _ feed: inout BatchFeed, on connection: isolated PostgresConnection, rows pool: PostgresPool,
    _ progress: (Int64) -> Void
  ) async throws -> BatchResult {
    try await withThrowingTaskGroup(of: BatchResult.self) { group in
      var total = BatchResult()
      for _ in 0..<Self.parallel {
        guard let batch = try await feed.next(on: connection) else { break }
        group.addTask { try await batch.check(pool) }
      }
      var ready = try await feed.next(on: connection)
      while let result = try await group.next() {
        if let batch = ready {
          group.addTask { try await batch.check(pool) }
          ready = try await feed.next(on: connection)
        }
        total.add(result)
        progress(total.events)
      }
      return total
    }
  }

  /// Positions without a row in the part of the log that no seal covers.
  private static func gaps(from start: Int64, to head: Int64) -> Query {
    """
    SELECT before + 1, position - 1
    FROM (
        SELECT position, lag(position, 1, \(start)) OVER (ORDER BY position) AS before
        FROM (
            SELECT position FROM log.event WHERE position > \(start) AND position <= \(head)
            UNION ALL
            SELECT \(head) + 1 WHERE \(head) >= \(start)
        ) places
    ) steps
    WHERE position > before + 1
    ORDER BY position
    LIMIT 1000
    """
  }
}

/// The seals of a live log in batches, each with what its rows are to be compared with.
private struct BatchFeed {
  /// About as many events as one batch has.
  private static let batchSize: Int64 = 65_536

  var pages: SealPages
  var judge: SealJudge
  /// The last position that a batch covers.
  private(set) var end: Int64 = 0
  private var queue: [SealRecord] = []
  private var isRead = false

  init(pages: SealPages, judge: SealJudge) {
    self.pages = pages
    self.judge = judge
  }

  mutating func next(on connection: isolated PostgresConnection) async throws -> Batch? {
    try await fill(on: connection)
    var records: [SealRecord] = []
    var count: Int64 = 0
    while let record = queue.first, count < Self.batchSize {
      queue.removeFirst()
      guard record.seal.hasPossibleRange, record.seal.first.rawValue > end else { continue }
      records.append(record)
      count += record.seal.count
      end = record.seal.last.rawValue
    }
    return Batch(records)
  }

  private mutating func fill(on connection: isolated PostgresConnection) async throws {
    while !isRead, queue.reduce(0, { $0 + $1.seal.count }) < Self.batchSize {
      if let page = try await pages.next(on: connection) {
        for record in page {
          while let missing = try judge.missing(below: record.seal.number) { queue.append(missing) }
          queue.append(try judge.truth(of: record))
        }
      } else if let missing = try judge.missing(below: .max) {
        queue.append(missing)
      } else {
        isRead = true
      }
    }
  }
}

/// Ranges that are checked in one reading.
private struct Batch: Sendable {
  let records: [SealRecord]
  let first: Int64
  let last: Int64

  /// Nil when there is nothing to check.
  init?(_ records: [SealRecord]) {
    guard let first = records.first?.seal.first, let last = records.last?.seal.last else { return nil }
    self.records = records
    self.first = first.rawValue
    self.last = last.rawValue
  }

  func check(_ pool: PostgresPool) async throws -> BatchResult {
    try await pool.withConnection { try await check(on: $0) }
  }

  private func check(on connection: isolated PostgresConnection) async throws -> BatchResult {
    var check = BatchCheck(after: first - 1)
    for record in records { check.add(record) }
    // What stands before the first event of a log has no business there.
    try await connection.copyOut(EventRows.copy(from: first == 1 ? EventRows.lowest : first, through: last)) {
      check.add($0)
    }
    return check.finish(at: last)
  }
}
