// SPDX-License-Identifier: Apache-2.0

/// Decides about each seal of a log what its range is to be compared with: the seal itself, or, where the copy says otherwise, the copy's.
struct SealJudge {
  private var chain: SealChain
  private let copy: SealFile?
  private var findings = Findings()
  private var report: VerifyReport

  /// - Parameters:
  ///   - report: what is known before the first seal.
  ///   - copy: the second place; nil for none.
  init(trusting keys: Set<SealPublicKey>, copy: SealFile?, report: VerifyReport) {
    chain = SealChain(trusting: keys)
    self.copy = copy
    self.report = report
  }

  /// The next seal that the copy has below a number and the log has not; nil when there is none. Ask before ``truth(of:)`` of that number.
  mutating func missing(below number: Int64) throws -> SealRecord? {
    guard let record = try copy?.next(below: number) else { return nil }
    findings.add(Finding(.sealMissing, record.seal))
    count(record.seal)
    return record
  }

  /// What to compare the range of a log's seal with.
  mutating func truth(of record: SealRecord) throws -> SealRecord {
    chain.add(record.seal)
    count(record.seal)
    guard let known = try copy?.next(below: record.seal.number + 1) else { return record }
    if known.seal.message != record.seal.message {
      findings.add(Finding(.sealReplaced, known.seal))
    } else if known.leaves != record.leaves {
      findings.add(Finding(.leavesChanged, known.seal))
    }
    return known
  }

  /// The report, once all rows are checked as well.
  mutating func finish(_ result: BatchResult) -> VerifyReport {
    chain.finish()
    report.copyThrough = copy?.finish()
    var all = findings
    all.add(chain.findings)
    if let copy { all.add(copy.findings) }
    if report.seals == 0, report.head > 0 { all.add(Finding(.nothingSealed)) }
    let swaps = Suspects.swaps(result.suspects)
    let swapped = Set(swaps.flatMap { [$0.lowerBound, $0.upperBound] })
    for finding in result.findings.all {
      for part in finding.kind == .changed ? finding.excluding(swapped) : [finding] { all.add(part) }
    }
    for positions in swaps { all.add(Finding(.swapped, positions: positions)) }
    report.events = result.events
    report.findings = all.sorted()
    report.furtherFindings = all.dropped + result.findings.dropped
    return report
  }

  private mutating func count(_ seal: Seal) {
    report.seals += 1
    guard seal.hasPossibleRange, seal.last.rawValue > report.sealedThrough else { return }
    report.sealedThrough = seal.last.rawValue
    report.sealedAt = seal.sealedAt.description
  }
}

extension Finding {
  /// What is left of a run of positions without some of them.
  fileprivate func excluding(_ excluded: Set<Int64>) -> [Finding] {
    guard let positions, excluded.contains(where: positions.contains) else { return [self] }
    var parts = Findings()
    for position in positions where !excluded.contains(position) {
      parts.add(Finding(kind, positions: position...position, seals: seals, detail: detail))
    }
    return parts.all
  }
}
