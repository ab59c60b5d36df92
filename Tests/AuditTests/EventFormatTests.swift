// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Testing

@testable import Audit

struct EventFormatTests {
  struct Cells {
    @Test(arguments: [
      ("=1+1", "'=1+1"), ("+49", "'+49"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
      ("\rx", "\"'\rx\""), ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
      ("1-1", "1-1"), (" =1", " =1"), ("", ""),
    ])
    func thatLookLikeFormulasAreShownAndNotComputed(_ cell: String, _ written: String) {
      #expect(String(decoding: CSV.record([cell]), as: UTF8.self) == written + "\r\n")
    }

    @Test func areQuotedAsRFC4180Asks() {
      let record = CSV.record(["plain", "a,b", "say \"x\"", "two\nlines", "two\r\nlines", "ü 👍", ""])
      #expect(
        String(decoding: record, as: UTF8.self)
          == "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"two\r\nlines\",ü 👍,\r\n")
    }

    @Test func comeBackAsTheyWereFromAReaderOfTheRules() {
      var random = SystemRandomNumberGenerator()
      let letters = Array("ab,\"\r\n '=ü")
      for _ in 0..<500 {
        let cells = (0..<5).map { _ in
          // A first letter that needs no apostrophe.
          "x"
            + String(
              (0..<Int.random(in: 0..<8, using: &random)).compactMap { _ in letters.randomElement(using: &random) })
        }
        #expect(Self.parse(CSV.record(cells)) == [cells])
      }
    }

    /// A reader of RFC 4180, written for this test.
    static func parse(_ bytes: [UInt8]) -> [[String]] {
      var records: [[String]] = []
      var record: [String] = []
      var cell: [UInt8] = []
      var isQuoted = false
      var index = 0
      while index < bytes.count {
        let byte = bytes[index]
        if isQuoted {
          if byte == 34, index + 1 < bytes.count, bytes[index + 1] == 34 {
            cell.append(34)
            index += 1
          } else if byte == 34 {
            isQuoted = false
          } else {
            cell.append(byte)
          }
        } else if byte == 34 {
          isQuoted = true
        } else if byte == 44 || byte == 13 {
          record.append(String(decoding: cell, as: UTF8.self))
          cell = []
          if byte == 13 {
            records.append(record)
            record = []
            index += 1
          }
        } else {
          cell.append(byte)
        }
        index += 1
      }
      return records
    }
  }

  private let event = RecordedEvent(
    position: Position(7), version: 2, recordedAt: Date(timeIntervalSince1970: 1_769_860_800.5),
    id: UUID(uuidString: "0193497E-5F00-7A3C-9C1B-6F1D2E3A4B01") ?? UUID(), owner: nil,
    actor: UUID(uuidString: "0193497E-5F00-7A3C-9C1B-6F1D2E3A4B02"), schemaVersion: 1,
    stream: StreamName(category: "test", id: "a\"b"), type: "test.happened",
    payload: Array("{\"path\":\n\"=1,2\"}".utf8))

  @Test func aLineOfNDJSONIsOneObjectWithThePayloadInIt() throws {
    let line = EventFormat.ndjson.line(event)
    #expect(line.count { $0 == UInt8(ascii: "\n") } == 1)
    let object = try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    #expect(object["position"] as? Int == 7)
    #expect(object["stream"] as? String == "test-a\"b")
    #expect(object["owner"] is NSNull)
    #expect(object["actor"] as? String == "0193497e-5f00-7a3c-9c1b-6f1d2e3a4b02")
    #expect(object["recordedAt"] as? String == "2026-01-31T12:00:00.500Z")
    #expect((object["payload"] as? [String: String]) == ["path": "=1,2"])
  }

  @Test func everyRecordOfACSVHasTheFieldsThatItsFirstNames() {
    let bytes =
      EventFormat.csv.header + EventFormat.csv.line(event) + EventFormat.csv.end(given: 1, through: Position(7))
    let records = Cells.parse(bytes)
    #expect(records.count == 3)
    #expect(Set(records.map(\.count)) == [12])
    #expect(records[1][0] == "7")
    #expect(records[1][11] == "{\"path\":\n\"=1,2\"}")
    #expect(records[2].prefix(2) == ["end", "1"])
  }
}
