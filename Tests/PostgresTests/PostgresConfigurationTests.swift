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
}
