// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

/// What a download is called by its type.
struct ServedTypeTests {
  @Test(arguments: ["text/javascript", "Application/JavaScript; charset=utf-8", "application/x-ecmascript", "text/css"])
  func whatAPageCouldLoadIsBytes(type: String) {
    #expect(FileDownload.served(type) == "application/octet-stream")
  }

  @Test(arguments: ["image/png", "text/html; charset=utf-8", "application/json"])
  func theRestIsWhatItsOwnerSaid(type: String) { #expect(FileDownload.served(type) == type) }

  @Test func whatNobodyNamedIsBytes() { #expect(FileDownload.served(nil) == "application/octet-stream") }
}
