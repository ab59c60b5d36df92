// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Glibc
import Testing
import TestSupport

@testable import LocalScan

/// A directory that is filled for one test.
private final class TestTree {
  let root: URL
  var path: LocalPath { LocalPath(root.path) }

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "onefold-scan-\(UUID())")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  @discardableResult
  func add(_ name: String, _ content: [UInt8], modified: Double? = nil) throws -> URL {
    let url = root.appending(path: name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: url)
    if let modified {
      let date = Date(timeIntervalSince1970: modified)
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: url.path)
    }
    return url
  }

  func scan(_ change: (inout ScanReport.Options) -> Void = { _ in }) -> ScanReport {
    var options = ScanReport.Options()
    change(&options)
    return ScanReport([path], options: options)
  }

  /// Below the root.
  func names(_ files: [ScannedFile]) -> [String] {
    files.map { String($0.path.description.dropFirst(root.path.count + 1)) }
  }
}

struct ScanTests {
  private func bytes(_ count: Int, _ seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  @Test func filesWithTheSameBytesAreAGroup() throws {
    let tree = try TestTree()
    try tree.add("b/two", bytes(3000, 1))
    try tree.add("a", bytes(3000, 1))
    try tree.add("c", bytes(3000, 2))
    try tree.add("d", bytes(2999, 1))
    let report = tree.scan()
    #expect(report.identical.map { tree.names($0.identical.files) } == [["a", "b/two"]])
    #expect(report.reclaimableBytes == 3000)
    #expect((report.files, report.bytes) == (4, 11_999))
  }

  /// Each pair differs where one of the passes does not look.
  @Test func largeFilesThatBeginAlikeAreToldApart() throws {
    let tree = try TestTree()
    let content = bytes(300_000, 3)
    var (early, late) = (content, content)
    early[10] ^= 1
    late[299_999] ^= 1
    for (name, bytes) in [("1", content), ("2", content), ("early", early), ("late", late)] {
      try tree.add(name, bytes)
    }
    #expect(tree.scan().identical.map { tree.names($0.identical.files) } == [["1", "2"]])
  }

  /// Compared side by side, more of them than are open at a time; what differs from the first may be the same among itself.
  @Test func largeFilesAreComparedToTheirEnds() throws {
    let tree = try TestTree()
    let content = bytes(8 << 10, 13) + [UInt8](repeating: 7, count: 4 << 20)
    var other = content
    other[content.count / 3] ^= 1
    for number in 0..<18 { try tree.add(String(format: "a%02d", number), content) }
    for number in 0..<2 { try tree.add("b\(number)", other) }
    other[content.count / 4] ^= 1
    try tree.add("c", other)
    let report = tree.scan()
    #expect(report.identical.map(\.identical.files.count) == [18, 2])
    #expect(tree.names(report.identical[1].identical.files) == ["b0", "b1"])
    #expect(report.identical[0].identical.digest == SHA256Hasher.hash(content))
  }

  @Test func whatWouldGiveBackMostComesFirst() throws {
    let tree = try TestTree()
    for name in ["a", "b"] { try tree.add("small \(name)", bytes(10, 4)) }
    for name in ["a", "b", "c"] { try tree.add("large \(name)", bytes(5000, 5)) }
    #expect(tree.scan().identical.map(\.identical.reclaimableBytes) == [10_000, 10])
  }

  @Test func hardLinksAreOneFileAndTheSameDirectoryTwiceIsOne() throws {
    let tree = try TestTree()
    let file = try tree.add("a", bytes(100, 6))
    #expect(link(file.path, tree.root.appending(path: "b").path) == 0)
    var report = tree.scan()
    #expect(report.identical.isEmpty)
    #expect((report.files, report.bytes) == (1, 100))
    try tree.add("c", bytes(100, 6))
    report = tree.scan()
    #expect(report.identical.map { $0.identical.files.map(\.links.count) } == [[1, 0]])
    #expect(report.reclaimableBytes == 100)
    #expect(ScanReport([tree.path, tree.path]).identical.map(\.identical.files.count) == [2])
    #expect(ScanReport([tree.path, tree.path]).identical[0].identical.files[0].links.count == 1)
  }

  @Test func linksPipesAndEmptyFilesAreLeftAlone() throws {
    let tree = try TestTree()
    try tree.add("real", bytes(50, 7))
    try tree.add("empty 1", [])
    try tree.add("empty 2", [])
    #expect(symlink("real", tree.root.appending(path: "link").path) == 0)
    #expect(symlink("..", tree.root.appending(path: "loop").path) == 0)
    #expect(mkfifo(tree.root.appending(path: "pipe").path, 0o600) == 0)
    #expect(tree.scan().files == 1)
    let all = tree.scan { $0.tree.leastBytes = 0 }
    #expect(all.identical.map { tree.names($0.identical.files) } == [["empty 1", "empty 2"]])
  }

  @Test func patternsLeaveOutNamesAndPaths() throws {
    let tree = try TestTree()
    for name in ["keep.txt", "drop.tmp", "build/out/x.txt", "src/build.txt"] { try tree.add(name, bytes(9, 8)) }
    let report = tree.scan { $0.tree.excluded = ["*.tmp", "build/*"] }
    #expect(report.identical.map { tree.names($0.identical.files) } == [["keep.txt", "src/build.txt"]])
  }

  @Test func namesThatAreNoTextAreReadAndShownSafely() throws {
    let tree = try TestTree()
    let strange = tree.path.appending([0xff, 0x0a, 0x1b, 0x41])
    let descriptor = strange.withCString { open($0, O_CREAT | O_WRONLY, 0o600) }
    #expect(write(descriptor, "same", 4) == 4)
    close(descriptor)
    try tree.add("plain", Array("same".utf8))
    let report = tree.scan()
    #expect(report.identical.map(\.identical.files.count) == [2])
    #expect(strange.description.hasSuffix(#"/\xff\x0a\x1bA"#))
    #expect(strange.text == nil)
    #expect(LocalPath("über/\u{202e}txt").description.hasSuffix(#"\xe2\x80\xaetxt"#))
    #expect(LocalPath("über/ß").description == "über/ß")
  }

  @Test func whatIsNotThereIsTrouble() throws {
    let tree = try TestTree()
    try tree.add("a", bytes(10, 9))
    let report = ScanReport([tree.path, tree.path.appending("gone".utf8)])
    #expect(report.files == 1)
    #expect(report.troubles.map(\.reason) == ["No such file or directory"])
  }

  /// It was found, and is another when it is read.
  @Test func aFileThatChangesMeanwhileIsTroubleAndNoDuplicate() throws {
    let tree = try TestTree()
    try tree.add("a", bytes(100, 10))
    try tree.add("b", bytes(100, 10))
    let found = ScannedTree([tree.path])
    try tree.add("b", bytes(99, 10))
    let identical = IdenticalFiles(found.files)
    #expect(identical.groups.isEmpty)
    #expect(tree.names(found.files.filter { $0.path == identical.troubles.first?.path }) == ["b"])
  }

  @Test func theRuleSaysWhichFileStays() throws {
    let tree = try TestTree()
    try tree.add("archive/2020/a", bytes(20, 11), modified: 2000)
    try tree.add("b", bytes(20, 11), modified: 3000)
    try tree.add("cc/d", bytes(20, 11), modified: 1000)
    func kept(_ rule: String) throws -> String {
      let rule = try #require(KeepRule(rule.replacingOccurrences(of: "ROOT", with: tree.root.path)))
      let group = try #require(tree.scan { $0.keep = rule }.identical.first)
      return tree.names([group.identical.files[group.kept]])[0]
    }
    #expect(try kept("first") == "archive/2020/a")
    #expect(try kept("oldest") == "cc/d")
    #expect(try kept("newest") == "b")
    #expect(try kept("shortest-path") == "b")
    #expect(try kept("in:ROOT/cc/") == "cc/d")
    #expect(try kept("in:ROOT/c") == "archive/2020/a", "a directory is none for beginning like one")
    #expect(KeepRule("last") == nil)
    #expect(KeepRule("in:") == nil)
  }

  @Test func versionsOfATextAreFoundWithOneOfEachContent() throws {
    let tree = try TestTree()
    let words = (0..<200).map { "word\($0)" }
    var edited = words
    edited[50] = "another"
    try tree.add("plan.txt", Array(words.joined(separator: " ").utf8))
    try tree.add("copy of plan.txt", Array(words.joined(separator: " ").utf8))
    try tree.add("plan v2.txt", Array(edited.joined(separator: "\n").utf8))
    try tree.add("other.txt", Array((0..<200).map { "thing\($0)" }.joined(separator: " ").utf8))
    try tree.add("noise", bytes(5000, 12))
    let report = tree.scan { $0.findsSimilar = true }
    #expect(report.identical.count == 1)
    let group = try #require(report.similar?.first)
    #expect(report.similar?.count == 1)
    #expect(tree.names(group.members.map(\.file)) == ["copy of plan.txt", "plan v2.txt"])
    #expect(group.members[1].score > 0.9 && group.members[1].score < 1)
    #expect(tree.scan().similar == nil)
  }

  /// Against a dictionary of whole contents.
  @Test(arguments: [1, 2, UInt64.random(in: 0...UInt64.max)])
  func groupsAreThoseOfWholeContents(seed: UInt64) throws {
    let tree = try TestTree()
    var random = SeededGenerator(seed: seed)
    var contents: [[UInt8]: [String]] = [:]
    let pool = (0..<12).map { number in
      // Sizes round the borders of the passes, some of them the same with other bytes.
      bytes(
        [1, 100, 16 << 10, (64 << 10) + 1, 300_000, 5 << 20].randomElement(using: &random) ?? 1, UInt64(number / 2))
    }
    for number in 0..<40 {
      var content = pool.randomElement(using: &random) ?? []
      if Bool.random(using: &random) { content[content.count - 1] ^= 1 }
      let name = String(format: "d%d/f%02d", number % 3, number)
      try tree.add(name, content)
      contents[content, default: []].append(name)
    }
    let expected = Set(contents.values.filter { $0.count > 1 }.map { $0.sorted() })
    #expect(Set(tree.scan().identical.map { tree.names($0.identical.files) }) == expected, "seed \(seed)")
  }
}
