// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Postgres

@Suite("PostgresConfiguration")
struct PostgresConfigurationTests {
  @Test func shortLimitIsRoundedUpAndNilMeansNone() {
    var configuration = PostgresConfiguration(url: "", statementTimeout: .microseconds(1))
    #expect(configuration.sessionSettings.contains { $0 == ("statement_timeout", "1") })
    configuration.statementTimeout = .seconds(2)
    #expect(configuration.sessionSettings.contains { $0 == ("statement_timeout", "2000") })
    configuration.statementTimeout = nil
    #expect(configuration.sessionSettings.contains { $0 == ("statement_timeout", "0") })
  }

  @Test func whatTheURLSaysComesLastAndSoWins() {
    #expect(PostgresConfiguration(url: "postgres:///x").connectionParameters.last?.value == "postgres:///x")
  }

  @Test func descriptionTellsWhereItLeadsAndKeepsThePassword() {
    let url = "postgres://me:s3cret@db.example:6543/files?sslmode=require&sslpassword=t0p"
    #expect(
      "\(PostgresConfiguration(url: url, role: "app"))"
        == "user=me dbname=files host=db.example port=6543 sslmode=require role=app")
    #expect("\(PostgresConfiguration(url: "postgres://%zz:s3cret@x"))" == "a malformed connection string")
    #expect(!String(reflecting: [PostgresConfiguration(url: url)]).contains("s3cret"))
  }

  @Test func quotesInsideAreDoubled() {
    #expect("it's".quoted(with: "'") == "'it''s'")
    #expect("a\"b".quoted(with: "\"") == "\"a\"\"b\"")
  }

  @Test(arguments: [
    ("postgresql://me@host:5432/mine?sslmode=require", "postgresql://me@host:5432/other_1?sslmode=require"),
    ("postgresql://me@/mine?host=%2Frun%2Fpg&port=1", "postgresql://me@/other_1?host=%2Frun%2Fpg&port=1"),
    ("postgres://host?host=/run/pg", "postgres://host/other_1?host=/run/pg"),
    ("postgres://host", "postgres://host/other_1"),
    ("host=/run/pg dbname=mine", "host=/run/pg dbname=mine dbname=other_1"),
  ])
  func anotherDatabaseOfTheSameServer(url: String, expected: String) {
    #expect(PostgresConfiguration(url: url, role: "app").onDatabase("other_1").url == expected)
    #expect(PostgresConfiguration(url: url, role: "app").onDatabase("other_1").role == "app")
  }
}
