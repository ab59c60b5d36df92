// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres

/// Writes the whole log, events exactly as stored and the seals over them, as lines: what `onefold verify` reads without a database.
///
/// One snapshot of the database, one event in memory at a time.
public struct LogExport: Sendable {
  private let configuration: PostgresConfiguration
  private let logger: Logger

  public struct Summary: Sendable {
    public internal(set) var events: Int64 = 0
    public internal(set) var seals: Int64 = 0
    public internal(set) var head: Int64 = 0
  }

  public init(configuration: PostgresConfiguration, logger: Logger = Logger(label: "onefold.export")) {
    var unhurried = configuration
    unhurried.statementTimeout = nil
    self.configuration = unhurried
    self.logger = logger
  }

  /// - Parameters:
  ///   - write: takes lines; may block, and is called on a thread of its own.
  ///   - progress: told how many events are written, and how many there are, now and then.
  public func run(
    write: @escaping @Sendable ([UInt8]) throws -> Void,
    progress: @escaping @Sendable (_ events: Int64, _ head: Int64) -> Void = { _, _ in }
  ) async throws -> Summary {
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    let result: Result<Summary, any Error>
    do {
      let options = TransactionOptions(isolation: .repeatableRead, readOnly: true)
      result = .success(
        try await connection.transaction(options) { connection in
          try await Self.export(on: connection, write: write, progress: progress)
        })
    } catch {
      result = .failure(error)
    }
    await connection.close()
    return try result.get()
  }

  private static let state: Query = """
    SELECT head.position, coalesce((SELECT max(number) FROM log.seal), 0), clock_timestamp() FROM log.head
    """

  private static func export(
    on connection: isolated PostgresConnection, write: @escaping @Sendable ([UInt8]) throws -> Void,
    progress: @escaping @Sendable (Int64, Int64) -> Void
  ) async throws -> Summary {
    guard let row = try await connection.query(state).first else { return Summary() }
    let (head, lastSeal, time) = try row.decode((Int64, Int64, PostgresTime).self)
    var output = Output(summary: Summary(head: head), write: write, progress: progress)
    try output.add(
      ExportItem.line(ExportItem.Start(format: ExportItem.format, head: head, exportedAt: time.description)))
    var pages = SealPages(through: lastSeal)
    var next = EventRows.lowest
    while let page = try await pages.next(on: connection), let last = page.last?.seal.last.rawValue {
      var waiting = page[...]
      try await connection.copyOut(EventRows.copy(from: next, through: last)) { tuple in
        let position = EventTuple.position(of: tuple) ?? .min
        while let record = waiting.first, record.seal.first.rawValue <= position {
          try output.add(waiting.removeFirst())
        }
        try output.add(EventTuple(bytes: tuple.withUnsafeBytes { Array($0) }))
      }
      for record in waiting { try output.add(record) }
      next = max(next, last + 1)
    }
    try await connection.copyOut(EventRows.copy(from: next, through: .max)) { tuple in
      try output.add(EventTuple(bytes: tuple.withUnsafeBytes { Array($0) }))
    }
    return try output.finish()
  }

  /// Lines on their way out, gathered into pieces.
  private struct Output {
    private static let pieceSize = 256 << 10

    var summary: Summary
    let write: ([UInt8]) throws -> Void
    let progress: (Int64, Int64) -> Void
    private var lines: [UInt8] = []

    init(summary: Summary, write: @escaping ([UInt8]) throws -> Void, progress: @escaping (Int64, Int64) -> Void) {
      self.summary = summary
      self.write = write
      self.progress = progress
    }

    mutating func add(_ line: [UInt8]) throws {
      lines += line
      if lines.count >= Self.pieceSize { try flush() }
    }

    mutating func add(_ record: SealRecord) throws {
      summary.seals += 1
      try add(SealLine.encode(record))
    }

    mutating func add(_ tuple: EventTuple) throws {
      summary.events += 1
      guard EventLine.append(tuple, to: &lines) else { throw LogFileError("a row of log.event is no event") }
      if lines.count >= Self.pieceSize { try flush() }
    }

    mutating func finish() throws -> Summary {
      try add(ExportItem.line(ExportItem.End(events: summary.events, seals: summary.seals)))
      try flush()
      return summary
    }

    private mutating func flush() throws {
      try write(lines)
      lines.removeAll(keepingCapacity: true)
      progress(summary.events, summary.head)
    }
  }
}
