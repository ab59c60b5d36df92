// SPDX-License-Identifier: Apache-2.0

/// Checks an export against the seals in it, with nothing but a public key.
public struct ExportVerification: Sendable {
  private let keys: Set<SealPublicKey>
  private let copyPath: String?

  /// - Parameters:
  ///   - keys: whom to believe.
  ///   - copyPath: the second place of the seals; nil for none.
  public init(trusting keys: Set<SealPublicKey>, copyPath: String? = nil) {
    self.keys = keys
    self.copyPath = copyPath
  }

  /// Reads to the end. Blocks, one line in memory at a time.
  ///
  /// - Parameters:
  ///   - read: the next piece of the export, nil at the end.
  ///   - progress: told how many events are checked, and how many there should be, now and then.
  /// - Throws: ``LogFileError`` when it is no export; what `read` throws.
  public func run(
    read: @escaping () throws -> [UInt8]?, progress: (_ events: Int64, _ head: Int64) -> Void = { _, _ in }
  ) throws -> VerifyReport {
    let copy = try copyPath.map { try SealFile(path: $0, trusting: keys) }
    var lines = LineReader(read)
    guard let line = try lines.next(), case .start(let start) = ExportItem(line) else {
      throw LogFileError("it does not begin as an export does")
    }
    guard start.format == ExportItem.format else {
      throw LogFileError("it is an export of format \(start.format); this program reads format \(ExportItem.format)")
    }
    var report = VerifyReport()
    report.head = start.head
    var judge = SealJudge(trusting: keys, copy: copy, report: report)
    var check = BatchCheck(after: 0)
    var (events, seals): (Int64, Int64) = (0, 0)
    var end: ExportItem.End?
    while let line = try lines.next() {
      guard let item = ExportItem(line), end == nil else {
        throw LogFileError("line \(events + seals + 2) is not one of an export")
      }
      switch item {
      case .start: throw LogFileError("line \(events + seals + 2) begins a second export")
      case .seal(let record):
        seals += 1
        while let missing = try judge.missing(below: record.seal.number) { check.add(missing) }
        check.add(try judge.truth(of: record))
      case .event(let tuple):
        events += 1
        check.add(tuple.bytes.span.bytes)
        if events.isMultiple(of: 1024) { progress(events, start.head) }
      case .end(let last): end = last
      }
    }
    progress(events, start.head)
    while let missing = try judge.missing(below: .max) { check.add(missing) }
    var result = check.finish(at: start.head)
    if end?.events != events || end?.seals != seals {
      result.findings.add(Finding(.exportCut, detail: "it has \(events) events and \(seals) seals"))
    }
    return judge.finish(result)
  }
}
