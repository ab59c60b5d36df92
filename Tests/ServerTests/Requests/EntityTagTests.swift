// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

struct EntityTagTests {
  private let tag = EntityTag("sha256:ab")

  @Test(arguments: ["\"sha256:ab\"", "*", "W/\"sha256:ab\"", "\"x\", \"sha256:ab\"", "\"x\",\t\"sha256:ab\" "])
  func isFoundByIfNoneMatch(_ header: String) { #expect(tag.matches(ifNoneMatch: header)) }

  @Test(arguments: ["", "sha256:ab", "\"sha256:abc\"", "\"x\", \"y\""])
  func isNotFoundWhereItIsNot(_ header: String) { #expect(!tag.matches(ifNoneMatch: header)) }

  @Test func comparesStronglyForIfRange() {
    #expect(tag.matches(ifRange: "\"sha256:ab\""))
    #expect(!tag.matches(ifRange: "W/\"sha256:ab\""))
    #expect(!tag.matches(ifRange: "Sun, 22 Nov 2026 11:00:00 GMT"))
  }
}
