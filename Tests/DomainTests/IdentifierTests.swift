// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

struct IdentifierTests {
  @Test func versionSevenCarriesTimeVersionAndVariant() {
    let id = UUID.v7(at: Date(timeIntervalSince1970: 1_732_273_200.123))
    #expect(id.timestampMilliseconds == 1_732_273_200_123)
    #expect(id.uuid.6 >> 4 == 7)
    #expect(id.uuid.8 >> 6 == 0b10)
    #expect(id.text.hasPrefix("01935387-"))
  }

  @Test func theTextIsThatOfFoundationInLowerCase() {
    for _ in 0..<1000 {
      let id = UUID()
      #expect(id.text == id.uuidString.lowercased())
    }
  }

  @Test func laterIdentifiersSortAfterEarlierOnes() {
    let ids = (0..<1000).map { UUID.v7(at: Date(timeIntervalSince1970: 1_700_000_000 + Double($0))).text }
    #expect(ids == ids.sorted())
  }

  @Test func identifiersOfOneInstantDiffer() {
    let now = Date()
    #expect(Set((0..<10_000).map { _ in UUID.v7(at: now) }).count == 10_000)
  }

  @Test func derivedIdentifiersFollowFromSourceAndName() {
    let source = UUID.v7(at: Date(timeIntervalSince1970: 1_732_273_200))
    let derived = source.derived("succeeded")
    #expect(derived == source.derived("succeeded"))
    #expect(derived != source.derived("matched"))
    #expect(derived != UUID.v7().derived("succeeded"))
    #expect(derived.timestampMilliseconds == source.timestampMilliseconds)
    #expect(derived.uuid.6 >> 4 == 8)
    #expect(derived.uuid.8 >> 6 == 0b10)
  }

  /// Stored data holds derived identifiers: the function may never change.
  @Test func derivedIdentifiersAreTheSameForEver() {
    #expect(EventSamples.job.derived("succeeded").text == "0193497e-5f00-8152-ab9c-84ca52bd4424")
  }

  @Test func nearNamesGiveDistinctIdentifiers() {
    let source = UUID.v7()
    #expect(Set((0..<20_000).map { source.derived("name \($0)") }).count == 20_000)
  }
}
