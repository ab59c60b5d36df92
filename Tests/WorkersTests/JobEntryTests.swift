// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Redis
import Testing

@testable import Workers

struct JobEntryTests {
  let entry = JobEntry(position: Position(42), kind: .analyze, jobClass: .interactive, owner: .v7(), cost: 3)

  var fields: [String: String] {
    ["position": "42", "kind": "analyze", "tenant": entry.tenant, "cost": "3"]
  }

  @Test func entryTakesItsClassFromItsStream() throws {
    let delivery = Delivery(stream: "jobs:interactive", id: StreamID(milliseconds: 1), fields: fields)
    #expect(try JobEntry(delivery) == entry)
  }

  @Test func jobThatIsNobodysIsTheSystems() throws {
    var fields = fields
    fields["tenant"] = "system"
    #expect(try JobEntry(Delivery(stream: "jobs:bulk", id: StreamID(milliseconds: 1), fields: fields)).owner == nil)
  }

  @Test func waitingJobIsTwoNumbers() {
    #expect(entry.job == "42 3")
    #expect(entry.member == "interactive analyze \(entry.tenant) 42 3")
  }

  @Test(arguments: [(0, 1), (1 << 20, 2), (10 << 20, 11), (1 << 40, 64)] as [(Int64, Int)])
  func largeFilesCostMoreUpToALimit(bytes: Int64, cost: Int) {
    #expect(
      JobEntry(position: .start, kind: .analyze, jobClass: .bulk, owner: nil, cost: JobCost.of(bytes: bytes)).cost
        == cost)
  }

  @Test(arguments: ["position", "kind", "tenant", "cost"])
  func missingOrBrokenFieldIsNamed(field: String) {
    for text in [nil, "", "\u{fffd}", "-"] as [String?] {
      var fields = fields
      fields[field] = text
      let error = #expect(throws: Undecodable.self) {
        try JobEntry(Delivery(stream: "jobs:bulk", id: StreamID(milliseconds: 1), fields: fields))
      }
      #expect(error?.field == field)
    }
  }

  @Test func urgentClassesComeFirst() {
    #expect(JobKeys.byUrgency(Set(JobClass.allCases)) == [.admin, .interactive, .bulk])
    #expect(JobKeys.byUrgency([.bulk]) == [.bulk])
  }

  @Test func jobsOfALaneTravelTogetherInTheirOrder() {
    let owner = UUID.v7()
    let entries = [1, 2, 3, 4].map { number in
      JobEntry(position: Position(number), kind: .analyze, jobClass: number == 2 ? .admin : .bulk, owner: owner)
    }
    let lanes = Lane.grouping(entries)
    #expect(lanes.map(\.0) == ["bulk", "admin"])
    #expect(lanes.map(\.3) == [["1 1", "3 1", "4 1"], ["2 1"]])
  }

  @Test func acknowledgementsOfATenantTravelTogether() {
    let fields = ["kind": "analyze", "tenant": "t"]
    let words = AcknowledgementBatcher.words(for: [
      Delivery(stream: "jobs:bulk", id: StreamID(milliseconds: 1), fields: fields),
      Delivery(stream: "jobs:bulk", id: StreamID(milliseconds: 3), fields: fields),
    ])
    #expect(words == ["workers", "jobs:bulk", "analyze", "t", 2, "1-0", "3-0"])
  }
}
