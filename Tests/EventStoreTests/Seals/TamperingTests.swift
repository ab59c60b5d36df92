// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Testing

@testable import EventStore
import TestSupport

/// Any single change to any event is found, at its position.
struct TamperingTests {
  @Test(arguments: 0..<30 as Range<UInt64>) func anUntouchedLogIsIntact(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let history = try SealedHistory(events: .random(in: 1...120, using: &generator), unsealed: 0, using: &generator)
    let report = try history.verify()
    #expect(report.findings == [], "seed \(seed)")
    #expect(report.events == Int64(history.events.count))
    #expect(report.unsealed == 0)
  }

  @Test(arguments: 0..<80 as Range<UInt64>) func aChangedByteIsFoundAtItsPosition(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = try SealedHistory(events: 60, using: &generator)
    let index = Int.random(in: 0..<60, using: &generator)
    var fields = try #require(BinaryTuple.fields(of: history.events[index].bytes)?.map { $0.map(Array.init) })
    // Any column but the position, which is what names it. A text keeps being a stream's name.
    let column = [1, 2, 3, 8, 10, 11].randomElement(using: &generator) ?? 1
    var field = try #require(fields[column])
    field[field.count - 1] ^= 1
    fields[column] = field
    var tuple = BinaryTuple(fieldCount: 12)
    for field in fields { if let field { tuple.add(field) } else { tuple.addNull() } }
    history.events[index] = EventTuple(bytes: tuple.bytes)
    let position = Int64(index + 1)
    #expect(
      try history.verify().findings == [Finding(.changed, positions: position...position)],
      "seed \(seed), column \(column)")
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func removedRowsAreNamed(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = try SealedHistory(events: 60, using: &generator)
    let first = Int.random(in: 0..<60, using: &generator)
    let last = min(59, first + Int.random(in: 0...20, using: &generator))
    history.events.removeSubrange(first...last)
    #expect(
      try history.verify(head: 60).findings == [Finding(.missing, positions: Int64(first + 1)...Int64(last + 1))],
      "seed \(seed)")
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func twoRowsThatChangedPlacesAreNamed(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = try SealedHistory(events: 60, using: &generator)
    let places = Array(0..<60).shuffled(using: &generator).prefix(2).sorted()
    let (one, other) = (places[0], places[1])
    let moved = (history.events[one].moved(to: Int64(other + 1)), history.events[other].moved(to: Int64(one + 1)))
    (history.events[other], history.events[one]) = moved
    #expect(
      try history.verify().findings == [Finding(.swapped, positions: Int64(one + 1)...Int64(other + 1))], "seed \(seed)"
    )
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func aSecondRowOfAPositionIsNamed(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = try SealedHistory(events: 60, using: &generator)
    let index = Int.random(in: 0..<60, using: &generator)
    let position = Int64(index + 1)
    history.events.insert(SealedHistory.event(at: position, using: &generator), at: index + 1)
    #expect(
      try history.verify(head: 60).findings == [Finding(.unexpected, positions: position...position)], "seed \(seed)")
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func aCutTailShowsAgainstTheCopy(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let history = try SealedHistory(events: 60, using: &generator)
    var cut = history
    let number = Int.random(in: 0..<history.records.count, using: &generator)
    cut.records.removeSubrange(number...)
    let end = Int(cut.records.last?.seal.last.rawValue ?? 0)
    cut.events.removeSubrange(end...)
    let report = try history.withCopy { try cut.verify(copy: $0) }
    let positions = Int64(end + 1)...60
    #expect(report.findings.contains(Finding(.missing, positions: positions)), "seed \(seed)")
    #expect(
      report.findings.contains(
        Finding(.sealMissing, positions: positions, seals: Int64(number + 1)...Int64(history.records.count))),
      "seed \(seed): \(report.findings)")
    #expect(report.findings.count == 2)
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func everythingMadeAnewWithoutTheKeyIsFound(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let history = try SealedHistory(events: 60, using: &generator)
    var forged = history
    let index = Int.random(in: 0..<60, using: &generator)
    forged.events[index] = SealedHistory.event(at: Int64(index + 1), using: &generator)
    let number = history.records.firstIndex { $0.seal.last.rawValue > index } ?? 0
    let thief = SealKey()
    // From the changed range on, with the true beginning: another key signs and claims to be the appointed one.
    let hasher = EventTuple.hasher()
    for place in number..<history.records.count {
      let old = history.records[place].seal
      let leaves = forged.events[Int(old.first.rawValue) - 1..<Int(old.last.rawValue)].flatMap { $0.leaf(with: hasher) }
      var seal = old
      seal.root = MerkleTree.root(of: leaves)
      seal.previous = place == 0 ? Seal.noPrevious : forged.records[place - 1].seal.hash
      seal.key = thief.publicKey
      seal.nextKey = thief.publicKey
      seal.signature = try thief.signature(for: seal.message)
      forged.records[place] = SealRecord(seal: seal, leaves: leaves)
    }
    let position = Int64(index + 1)
    let first = history.records[number].seal.first.rawValue
    let unvouched = Finding(
      .sealUnvouched, positions: first...60, seals: Int64(number + 1)...Int64(history.records.count),
      detail: thief.publicKey.description)
    #expect(try forged.verify().findings == [unvouched], "seed \(seed)")
    // The copy tells which event it was.
    let report = try history.withCopy { try forged.verify(copy: $0) }
    #expect(report.findings.contains(Finding(.changed, positions: position...position)), "seed \(seed)")
    #expect(report.findings.contains(unvouched), "seed \(seed)")
    #expect(
      report.findings.contains(
        Finding(.sealReplaced, positions: first...60, seals: Int64(number + 1)...Int64(history.records.count))),
      "seed \(seed)")
    #expect(report.findings.count == 3)
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func anyBitOfASealMatters(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = try SealedHistory(events: 40, using: &generator)
    let index = Int.random(in: 0..<history.records.count, using: &generator)
    var seal = history.records[index].seal
    let part = Int.random(in: 0..<6, using: &generator)
    switch part {
    case 0: seal.root[.random(in: 0..<32, using: &generator)] ^= 1
    case 1: seal.previous[.random(in: 0..<32, using: &generator)] ^= 1
    case 2: seal.signature[.random(in: 0..<64, using: &generator)] ^= 1
    case 3: seal.sealedAt = PostgresTime(microseconds: seal.sealedAt.microseconds + 1)
    case 4: seal.nextKey = SealKey().publicKey
    default: seal.key = SealKey().publicKey
    }
    history.records[index].seal = seal
    let report = try history.verify()
    #expect(
      report.findings.contains { $0.kind == .sealForged && $0.seals == seal.number...seal.number },
      "seed \(seed), \(part)")
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func changedLeavesAloneAreToldApart(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = try SealedHistory(events: 40, using: &generator)
    let index = Int.random(in: 0..<history.records.count, using: &generator)
    let number = history.records[index].seal.number
    history.records[index].leaves[Int.random(in: 0..<history.records[index].leaves.count, using: &generator)] ^= 1
    let findings = try history.verify().findings
    #expect(findings.map(\.kind) == [.leavesChanged] && findings[0].seals == number...number, "seed \(seed)")
  }

  @Test func aChangedEventWithMatchingLeavesIsNamedByItsRange() throws {
    var generator = SeededGenerator(seed: 5)
    var history = try SealedHistory(events: 40, using: &generator)
    let seal = history.records[0].seal
    history.events[0] = SealedHistory.event(at: 1, using: &generator)
    history.records[0].leaves.replaceSubrange(0..<32, with: history.events[0].leaf())
    #expect(try history.verify().findings == [Finding(.changedSomewhere, seal)])
  }

  @Test func aMissingSealIsNamed() throws {
    var generator = SeededGenerator(seed: 6)
    var history = try SealedHistory(events: 0, using: &generator)
    history.events = (1...50).map { SealedHistory.event(at: $0, using: &generator) }
    try history.seal(upTo: 50) { 10 }
    history.records.remove(at: 2)
    #expect(try history.verify().findings == [Finding(.sealMissing, positions: 21...30, seals: 3...3)])
  }

  @Test func aChainIsBelievedByAnyKeyThatWasAppointed() throws {
    var generator = SeededGenerator(seed: 7)
    let (old, new) = (SealKey(), SealKey())
    var history = try SealedHistory(events: 0, keys: SealKeys(current: old, next: new), using: &generator)
    history.events = (1...50).map { SealedHistory.event(at: $0, using: &generator) }
    try history.seal(upTo: 50) { 10 }
    #expect(history.records.map(\.seal.key) == [old, new, new, new, new].map(\.publicKey))
    #expect(try history.verify(trusting: [old.publicKey]).isIntact)
    #expect(try history.verify(trusting: [new.publicKey]).isIntact)
    #expect(try !history.verify(trusting: [SealKey().publicKey]).isIntact)
  }

  @Test func anEmptyLogIsIntactAndOneWithoutSealsIsNot() throws {
    var generator = SeededGenerator(seed: 8)
    #expect(try SealedHistory(events: 0, using: &generator).verify().isIntact)
    let findings = try SealedHistory(events: 5, unsealed: 5, using: &generator).verify().findings
    #expect(findings == [Finding(.nothingSealed)])
  }

  @Test func whatIsNotSealedYetIsCounted() throws {
    var generator = SeededGenerator(seed: 9)
    var history = try SealedHistory(events: 50, unsealed: 8, using: &generator)
    let report = try history.verify()
    #expect(report.isIntact && report.unsealed == 8 && report.events == 42)
    history.events.remove(at: 46)
    #expect(try history.verify(head: 50).findings == [Finding(.missing, positions: 47...47)])
  }

  @Test(arguments: 0..<30 as Range<UInt64>) func aCutExportIsNoIntactOne(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let history = try SealedHistory(events: 40, using: &generator)
    let export = try history.export()
    let cut = Array(export.prefix(Int.random(in: 0..<export.count - 1, using: &generator)))
    let report = try? SealedHistory.verify(cut, trusting: [history.keys.current.publicKey])
    #expect(report?.isIntact != true, "seed \(seed)")
  }

  // MARK: - Proofs

  @Test(arguments: 0..<40 as Range<UInt64>) func aProofProvesItsEventAndNoOther(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let history = try SealedHistory(events: 60, using: &generator)
    let index = Int.random(in: 0..<60, using: &generator)
    let position = Position(Int64(index + 1))
    let record = try #require(history.records.first { $0.seal.last >= position })
    let proof = InclusionProof(of: history.events[index], at: position, in: record, with: EventTuple.hasher())
    let sent = try JSONDecoder().decode(InclusionProof.self, from: JSONEncoder().encode(proof))
    let keys: Set = [history.keys.current.publicKey]
    #expect(try sent.verified(by: keys).position == position, "seed \(seed)")

    var other = proof
    other.event = SealedHistory.event(at: position.rawValue, using: &generator)
    #expect(throws: InclusionProofError.anotherEvent) { try other.verified(by: keys) }
    other = proof
    other.index += 1
    #expect(throws: InclusionProofError.anotherPosition) { try other.verified(by: keys) }
    other = proof
    other.seal.signature[3] ^= 1
    #expect(throws: InclusionProofError.badSignature) { try other.verified(by: keys) }
    #expect(throws: InclusionProofError.anotherKey(history.keys.current.publicKey)) {
      try proof.verified(by: [SealKey().publicKey])
    }
  }
}
