// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing

@testable import Server

struct StaticFilesTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "onefold-static-\(UUID().uuidString)")

  private func write(_ files: [String: String]) throws {
    for (name, text) in files {
      let url = directory.appending(path: name)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
  }

  @Test func servesWhatIsInTheDirectoryAndNothingElse() throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    try write(["index.html": "<html>", "assets/main-ABCD2345.js": "1", "assets/main.css": "2"])
    let files = try #require(try StaticFiles(directory: directory))
    #expect(files[""]?.contentType == "text/html; charset=utf-8")
    #expect(files["index.html"]?.body == ByteBuffer(string: "<html>"))
    #expect(files["assets/main-ABCD2345.js"]?.contentType == "text/javascript; charset=utf-8")
    #expect(files["../Package.swift"] == nil)
    #expect(files["assets"] == nil)
  }

  @Test func onlyNamesWithAHashAreImmutable() throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    try write(["index.html": "", "a-ABCD2345.js": "", "a-bcde2345.js": "", "a-ABC.js": "", "ABCD2345.js": ""])
    let files = try #require(try StaticFiles(directory: directory))
    #expect(files["a-ABCD2345.js"]?.isImmutable == true)
    for name in ["index.html", "a-bcde2345.js", "a-ABC.js", "ABCD2345.js"] {
      #expect(files[name]?.isImmutable == false, "\(name)")
    }
  }

  @Test func isNilWithoutAnIndex() throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    #expect(try StaticFiles(directory: directory) == nil)
    try write(["main.js": ""])
    #expect(try StaticFiles(directory: directory) == nil)
  }
}
