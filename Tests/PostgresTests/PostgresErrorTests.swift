// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Postgres

@Suite("PostgresError")
struct PostgresErrorTests {
  @Test(arguments: ["40001", "40P01", "53300", "57P01", "57P03", "08006", "55P03", "58030", "25006"])
  func conditionsThatPassAreTransient(_ sqlState: String) {
    #expect(PostgresError(.server, "", sqlState: sqlState).isTransient)
  }

  @Test(arguments: ["23505", "42601", "22P02", "57014", "OF001", "25P02"])
  func mistakesAreNotTransient(_ sqlState: String) {
    #expect(!PostgresError(.server, "", sqlState: sqlState).isTransient)
  }

  @Test func lostConnectionIsTransientUnlessTheServerRefusedTheUser() {
    #expect(PostgresError(.connection, "").isTransient)
    #expect(PostgresError(.connection, "", sqlState: "57P01").isTransient)
    #expect(!PostgresError(.connection, "", sqlState: "28P01").isTransient)
    #expect(PostgresError(.poolTimeout, "").isTransient)
    #expect(!PostgresError(.commitUnknown, "").isTransient)
  }

  @Test func descriptionTellsWhatAndWhereAndQuotesNoValues() {
    let error = PostgresError(
      .server, "duplicate key", sqlState: "23505", detail: "Key (id)=(1) already exists.", constraint: "file_pkey",
      statement: "INSERT INTO file VALUES ($1)", file: "Module/File.swift", line: 7)
    #expect(
      "\(error)"
        == "server 23505: duplicate key [constraint file_pkey]; "
        + "statement: INSERT INTO file VALUES ($1) (Module/File.swift:7)")
    #expect(error.isUniqueViolation)
  }
}
