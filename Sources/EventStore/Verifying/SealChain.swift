// SPDX-License-Identifier: Apache-2.0

/// Checks that seals follow each other, are signed, and that someone who is trusted vouches for them.
///
/// A run of seals that hang together is vouched for as soon as one of them is signed by a trusted key: the hashes carry that back to the
/// run's beginning, and appointed keys carry it forward.
struct SealChain {
  private let trusted: Set<SealPublicKey>
  private var previous: Seal?
  private var previousIsForged = false
  /// The run under way: where it began, and whether a trusted key has signed in it.
  private var run: (seals: ClosedRange<Int64>, positions: ClosedRange<Int64>, key: SealPublicKey, isVouched: Bool)?
  private(set) var findings = Findings()

  init(trusting keys: Set<SealPublicKey>) { trusted = keys }

  /// Takes the next seal. True when it is signed and follows the one before.
  @discardableResult
  mutating func add(_ seal: Seal) -> Bool {
    defer { previous = seal }
    guard seal.hasPossibleRange else {
      findings.add(Finding(.sealForged, seal, detail: "its range is none"))
      endRun()
      previousIsForged = true
      return false
    }
    let isForged = !seal.isSignatureValid
    let isLinked = follows(seal)
    if isForged { findings.add(Finding(.sealForged, seal)) }
    let isAppointed = previous.map { $0.nextKey == seal.key } ?? true
    if !isLinked || isForged || previousIsForged || !(isAppointed || trusted.contains(seal.key)) { endRun() }
    previousIsForged = isForged
    guard !isForged else { return false }
    extendRun(seal)
    return isLinked
  }

  /// After the last seal.
  mutating func finish() { endRun() }

  private mutating func follows(_ seal: Seal) -> Bool {
    let number = (previous?.number ?? 0) + 1
    let first = (previous?.last.rawValue ?? 0) + 1
    if seal.number > number {
      let positions = seal.first.rawValue > first ? first...seal.first.rawValue - 1 : nil
      findings.add(Finding(.sealMissing, positions: positions, seals: number...seal.number - 1))
      return false
    }
    guard seal.number == number, seal.first.rawValue == first, seal.previous == previous?.hash ?? Seal.noPrevious else {
      // After a forged seal it is that one which is wrong.
      if !previousIsForged { findings.add(Finding(.sealUnlinked, seal)) }
      return false
    }
    return true
  }

  private mutating func extendRun(_ seal: Seal) {
    let isTrusted = trusted.contains(seal.key)
    if let known = run {
      run = (
        known.seals.lowerBound...max(known.seals.upperBound, seal.number),
        known.positions.lowerBound...max(known.positions.upperBound, seal.last.rawValue), known.key,
        known.isVouched || isTrusted
      )
    } else {
      run = (seal.number...seal.number, seal.first.rawValue...seal.last.rawValue, seal.key, isTrusted)
    }
  }

  private mutating func endRun() {
    if let run, !run.isVouched {
      findings.add(
        Finding(.sealUnvouched, positions: run.positions, seals: run.seals, detail: run.key.description))
    }
    run = nil
  }
}
