// SPDX-License-Identifier: Apache-2.0

import Domain
import Testing

struct FilePathTests {
  @Test(arguments: [
    "a", "a/b.txt", "Fotos/Zürich/été 1.jpg", "日本語/🙂.png", ".hidden", "...", "a/..b/c", "a b/ c ", "-rf", "con", "a\\b",
    "<script>alert(1)</script>.html", "%2e%2e/x", "a:b*?|\"", "~", String(repeating: "n", count: 255),
    String(repeating: "é", count: 127), "\u{301}a", "a/\u{301}b",
  ])
  func ordinaryAndOddNamesAreData(path: String) throws {
    #expect(try FilePath(path).description == path)
  }

  @Test(arguments: [
    "", "/", "/etc/passwd", "..", ".", "../x", "a/../b", "a/..", "a/.", "./a", "a//b", "a/", "a\0b", "\0", "a\nb",
    "a\r\nX: y",
    "../\u{301}x", "a/../\u{301}x", "/\u{301}x", "a//\u{301}x", "a/./\u{301}",
    "a\tb", "\u{1b}[31m", "\u{7f}", "a\u{85}b", "a\u{2028}b", "a\u{2029}b",
    String(repeating: "n", count: 256), String(repeating: "é", count: 128),
    "ok/" + String(repeating: "n", count: 300) + "/ok",
    String(repeating: "dir/", count: 1024) + "x",
  ])
  func pathsThatCannotBeWrittenOutSafelyAreRefused(path: String) {
    #expect(throws: FilePath.Invalid.self) { try FilePath(path) }
  }

  @Test func theSentenceTellsWhatToChange() {
    #expect(throws: FilePath.Invalid.self) { try FilePath("a/../b") }
    do throws(FilePath.Invalid) {
      _ = try FilePath("a/../b")
    } catch {
      #expect(error.description == "The path has a part \"..\".")
    }
  }

  @Test func theLongestPathIsAccepted() throws {
    let path = Array(repeating: String(repeating: "d", count: 127), count: 32).joined(separator: "/")
    #expect(path.utf8.count == FilePath.maxBytes - 1)
    #expect(try FilePath(path + "d").description.utf8.count == FilePath.maxBytes)
    #expect(throws: FilePath.Invalid.self) { try FilePath(path + "dd") }
  }

  @Test func theNameIsTheLastPart() throws {
    #expect(try FilePath("a/b/c.txt").name == "c.txt")
    #expect(try FilePath("c.txt").name == "c.txt")
    #expect(try FilePath("a/\u{301}b").name == "\u{301}b")
  }

  @Test func namesThatReadTheSameAreTwoWhenTheirBytesDiffer() throws {
    let (one, other) = (try FilePath("caf\u{e9}"), try FilePath("cafe\u{301}"))
    #expect(one.description == other.description && one != other)
    #expect(Set([one, other, one]).count == 2)
  }
}
