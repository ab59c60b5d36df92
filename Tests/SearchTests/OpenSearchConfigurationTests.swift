// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Search

struct OpenSearchConfigurationTests {
  @Test func credentialsLeaveTheAddress() throws {
    let configuration = try OpenSearchConfiguration(url: "https://ada:p%40ss@search:9200/", alias: "onefold")
    #expect(configuration.url == "https://search:9200")
    #expect(configuration.authorization == "Basic YWRhOnBAc3M=")
    #expect(try OpenSearchConfiguration(url: "http://localhost:9200", alias: "a").authorization == nil)
  }

  @Test(arguments: ["search:9200", "ftp://search", "https://", "https://search?a=b", ""])
  func whatIsNoAddressIsRefused(url: String) {
    #expect(throws: OpenSearchConfiguration.Invalid.self) { try OpenSearchConfiguration(url: url, alias: "a") }
  }

  @Test(arguments: ["", "Onefold", "a b", "_all", "a/b", "a*", "1a"])
  func whatCouldMeanOtherIndexesIsNoAlias(alias: String) {
    #expect(throws: OpenSearchConfiguration.Invalid.self) {
      try OpenSearchConfiguration(url: "http://localhost", alias: alias)
    }
  }
}
