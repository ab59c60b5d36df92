// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Postgres
import TestSupport

/// What comes back when the server returns a parameter unchanged.
func roundTrip<Value: PostgresEncodable & PostgresDecodable>(_ value: Value) throws -> Value {
  try decode(encode(value), Value.postgresType)
}

func encode<Value: PostgresEncodable>(_ value: Value) -> [UInt8]? {
  let query: Query = "\(value)"
  return query.parameters[0].byteCount == nil ? nil : query.arena
}

func decode<Value: PostgresDecodable>(
  _ bytes: [UInt8]?, _ type: PostgresType, as _: Value.Type = Value.self
) throws -> Value {
  guard let bytes else { return try Value(PostgresValue(type: type, bytes: nil)) }
  return try bytes.withUnsafeBytes { try Value(PostgresValue(type: type, bytes: $0)) }
}

@Suite("Values")
struct CodingTests {
  enum Colour: String, PostgresScalar { case red, blue }

  @Test func integersAreWrittenWithTheMostSignificantByteFirst() {
    #expect(encode(Int16(0x0102)) == [1, 2])
    #expect(encode(Int32(-2)) == [0xff, 0xff, 0xff, 0xfe])
    #expect(encode(Int(0x0102_0304_0506_0708)) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(encode(true) == [1])
    #expect(encode(1.0) == [0x3f, 0xf0, 0, 0, 0, 0, 0, 0])
  }

  @Test func arrayHasHeaderAndLengthPrefixedElements() {
    #expect(
      encode([Int16(7), nil]) == [
        0, 0, 0, 1,  // one dimension
        0, 0, 0, 1,  // has NULLs
        0, 0, 0, 21,  // of int2
        0, 0, 0, 2,  // two elements
        0, 0, 0, 1,  // counted from 1
        0, 0, 0, 2, 0, 7,
        0xff, 0xff, 0xff, 0xff,
      ])
    #expect(encode([String]()) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25])
  }

  @Test func bytesAreByteaAndArraysOfThemByteaArrays() {
    #expect([UInt8].postgresType == .bytea)
    #expect([[UInt8]].postgresType == .byteaArray)
    #expect([[UInt8]?].postgresType == .byteaArray)
    #expect(encode([UInt8]([1, 2])) == [1, 2])
  }

  @Test(arguments: [Int64.min, -1, 0, 1, .max])
  func integersComeBack(_ number: Int64) throws {
    #expect(try roundTrip(number) == number)
    #expect(try roundTrip(Int(number)) == Int(number))
    #expect(try roundTrip(Int32(clamping: number)) == Int32(clamping: number))
    #expect(try roundTrip(Int16(clamping: number)) == Int16(clamping: number))
  }

  @Test func scalarsComeBack() throws {
    let id = UUID()
    #expect(try roundTrip(id) == id)
    #expect(try roundTrip("naïve 🗂️ \u{0}") == "naïve 🗂️ \u{0}")
    #expect(try roundTrip("") == "")
    #expect(try roundTrip([UInt8](0...255)) == [UInt8](0...255))
    #expect(try roundTrip(-0.1) == -0.1)
    #expect(try roundTrip(false) == false)
    #expect(try roundTrip(PostgresJSON(#"{"b":1, "a":2}"#)).text == #"{"b":1, "a":2}"#)
    #expect(try roundTrip(Colour.blue) == .blue)
    #expect(try roundTrip(String?.none) == nil)
    #expect(try roundTrip(String?.some("x")) == "x")
  }

  @Test func arraysComeBack() throws {
    let ids = (0..<50).map { _ in UUID() }
    #expect(try roundTrip(ids) == ids)
    #expect(try roundTrip(["a", "", "{,\"}"]) == ["a", "", "{,\"}"])
    #expect(try roundTrip([String?]([nil, "a", nil])) == [nil, "a", nil])
    #expect(try roundTrip([Int]()) == [])
    #expect(try roundTrip([[UInt8]]([[], [1], [2, 3]])) == [[], [1], [2, 3]])
    #expect(try roundTrip([[UInt8]?]([nil, []])) == [nil, []])
    #expect(try roundTrip([true, false]) == [true, false])
    #expect(try roundTrip([PostgresJSON("1"), PostgresJSON("{}")]).map(\.text) == ["1", "{}"])
    #expect(try roundTrip([Colour.red, .blue]) == [.red, .blue])
    #expect(try roundTrip([Int]?.none) == nil)
  }

  @Test func datesComeBackToTheMicrosecond() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<10_000 {
      // Within 68 years of 2001, where a Double of seconds has microseconds.
      let microseconds = Int64.random(in: -2_000_000_000_000_000...2_000_000_000_000_000, using: &generator)
      let date = Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000)
      let bytes = try #require(encode(date))
      let written = bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) }
      #expect(written == microseconds + 366 * 86_400 * 1_000_000)
      #expect(try decode(bytes, .timestamptz) == date)
    }
  }

  @Test func datesWithoutEndAreInfinity() throws {
    let future = Date(timeIntervalSinceReferenceDate: .infinity)
    let past = Date(timeIntervalSinceReferenceDate: -.infinity)
    #expect(try roundTrip(future) == future)
    #expect(try roundTrip(past) == past)
    #expect(encode(Date(timeIntervalSinceReferenceDate: .nan)) == encode(future))
  }

  @Test func nullIsRefusedUnlessOptional() throws {
    let error = #expect(throws: PostgresError.self) { try decode(nil, .int8, as: Int.self) }
    #expect(error?.code == .decoding)
    #expect(error?.message == "NULL cannot be read as Int")
    #expect(try decode(nil, .int8, as: Int?.self) == nil)
  }

  @Test func otherTypesAreRefused() {
    #expect(throws: PostgresError.self) { try decode([0, 0, 0, 1], .int4, as: String.self) }
    #expect(throws: PostgresError.self) { try decode(encode("1"), .text, as: Int.self) }
    #expect(throws: PostgresError.self) { try decode(encode(UUID()), .uuid, as: String.self) }
    #expect(throws: PostgresError.self) { try decode(encode("x"), .text, as: UUID.self) }
    #expect(throws: PostgresError.self) { try decode(encode("green"), .text, as: Colour.self) }
    #expect(throws: PostgresError.self) { try decode(encode(1), .int8, as: [UInt8].self) }
  }

  @Test func narrowIntegersAreReadAsWideOnesAndWideOnesOnlyIfTheyFit() throws {
    #expect(try decode(encode(Int16(-5)), .int2, as: Int.self) == -5)
    #expect(try decode(encode(Int64(70_000)), .int8, as: Int32.self) == 70_000)
    #expect(throws: PostgresError.self) { try decode(encode(Int64(70_000)), .int8, as: Int16.self) }
  }

  @Test func damagedFormsAreRefused() {
    #expect(throws: PostgresError.self) { try decode([0, 0, 1], .int4, as: Int.self) }
    #expect(throws: PostgresError.self) { try decode([1, 2, 3], .uuid, as: UUID.self) }
    // An array that says it has four elements and has none; one that says it has two thousand million.
    let header: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20]
    #expect(throws: PostgresError.self) {
      try decode(header + [0, 0, 0, 4, 0, 0, 0, 1], .int8Array, as: [Int].self)
    }
    #expect(throws: PostgresError.self) {
      try decode(header + [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1], .int8Array, as: [Int].self)
    }
  }

  @Test func arraysOfSeveralDimensionsAreRefused() {
    let matrix: [UInt8] = [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 20]
    #expect(throws: PostgresError.self) { try decode(matrix, .int8Array, as: [Int].self) }
  }
}
