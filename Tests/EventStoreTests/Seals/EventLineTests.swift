// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import EventStore
import TestSupport

struct EventLineTests {
  @Test(arguments: 0..<300 as Range<UInt64>) func theBytesComeBack(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tuple = SealedHistory.event(at: .random(in: 1...1000, using: &generator), using: &generator)
    var line: [UInt8] = []
    #expect(EventLine.append(tuple, to: &line))
    #expect(line.popLast() == UInt8(ascii: "\n"))
    #expect(!line.contains(UInt8(ascii: "\n")), "seed \(seed)")
    #expect(EventLine.tuple(line) == tuple, "seed \(seed)")
    #expect((try? JSONSerialization.jsonObject(with: Data(line))) != nil, "seed \(seed): it is JSON")
  }

  @Test(arguments: [
    #"{"n":1,"a":"\u0000"}"#, "{\n  \"n\": 1\n}", #"{"payload":"x","payload":1}"#, "[1,\t2]", "\"\"", "null", "{}",
  ])
  func anyPayloadIsKeptToTheByte(payload: String) {
    var generator = SeededGenerator(seed: 1)
    let tuple = SealedHistory.event(at: 1, payload: Array(payload.utf8), using: &generator)
    var line: [UInt8] = []
    #expect(EventLine.append(tuple, to: &line))
    #expect(EventLine.tuple(Array(line.dropLast())) == tuple)
  }

  @Test(arguments: 0..<2000 as Range<UInt64>) func aDamagedLineIsNoEventOrAnother(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var line: [UInt8] = []
    let tuple = SealedHistory.event(at: 7, using: &generator)
    _ = EventLine.append(tuple, to: &line)
    line.removeLast()
    let index = Int.random(in: 0..<line.count, using: &generator)
    let old = line[index]
    line[index] = .random(in: 0...255, using: &generator)
    guard line[index] != old, let read = EventLine.tuple(line) else { return }
    // The case of a digit in an identifier may change, and the event is the same.
    let isCase = Character(Unicode.Scalar(old)).lowercased() == Character(Unicode.Scalar(line[index])).lowercased()
    #expect(read != tuple || isCase, "seed \(seed), byte \(index)")
  }
}
