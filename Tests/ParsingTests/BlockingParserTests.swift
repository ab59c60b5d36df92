// SPDX-License-Identifier: Apache-2.0

import Foundation
import Parsing
import Testing

/// The real program, as child of the tests.
struct BlockingParserTests {
  @Test(arguments: SamplePicture.all)
  func picturesOfEveryFormAreReducedToLight(name: String, picture: [UInt8]) throws {
    let parsed = try BlockingParser().light(side: 4, of: picture)
    #expect((parsed.width, parsed.height) == (40, 20))
    let expected: [UInt8] = [0, 0, 200, 200, 0, 0, 200, 200] + [UInt8](repeating: 200, count: 8)
    #expect(zip(parsed.light, expected).allSatisfy { abs(Int($0) - Int($1)) <= 8 }, "\(parsed.light)")
  }

  @Test func aPictureIsTheSameWhateverIsNotedBesideIt() throws {
    let parser = BlockingParser()
    func identity(_ picture: [UInt8]) throws -> [UInt8]? { try parser.light(side: 4, of: picture).identity }
    let note = Array("a note".utf8)
    let comment: [UInt8] = [0xff, 0xfe, 0, UInt8(note.count + 2)] + note
    let noted = Array(SamplePicture.jpeg[..<2]) + comment + SamplePicture.jpeg[2...]
    #expect(try identity(noted) == identity(SamplePicture.jpeg))
    let chunk = Array("tEXt".utf8) + Array("Comment\0".utf8) + note
    let textChunk =
      withUnsafeBytes(of: UInt32(chunk.count - 4).bigEndian, Array.init) + chunk + CRC32.checksum(chunk[...])
    let notedPNG = Array(SamplePicture.png[..<33]) + textChunk + SamplePicture.png[33...]
    #expect(try identity(notedPNG) == identity(SamplePicture.png))
    #expect(try identity(SamplePicture.tiff) == identity(SamplePicture.png), "the same points")
    #expect(try identity(SamplePicture.jpeg) != identity(SamplePicture.png), "points that were compressed")
    #expect(try identity(SamplePicture.jpeg) != identity(SamplePicture.sidewaysJPEG))
    #expect(try identity(SamplePicture.png)?.count == 32)
  }

  @Test func aPreviewIsNotLargerThanAskedForNorThanThePicture() throws {
    let parser = BlockingParser()
    for (side, expected) in [(10, (10, 5)), (1000, (40, 20))] {
      let preview = try parser.preview(side: side, of: SamplePicture.png)
      #expect(Array(preview[8..<12]) == Array("WEBP".utf8))
      let parsed = try parser.light(side: 4, of: preview)
      #expect((parsed.width, parsed.height) == expected)
    }
  }

  @Test(arguments: [[], [1, 2, 3], Array("GIF89a".utf8), Array(SamplePicture.png.prefix(40)), Array("<svg/>".utf8)])
  func whatIsNoPictureIsUnreadableAndTheNextIsRead(content: [UInt8]) throws {
    let parser = BlockingParser()
    #expect(throws: ParsingError.self) { try parser.light(side: 4, of: content) }
    #expect(try parser.light(side: 4, of: SamplePicture.png).width == 40)
  }

  @Test func aPictureThatPromisesTooManyPointsIsNotDecoded() throws {
    var picture = SamplePicture.png
    // Width and height in the header; the checksum of the header with them.
    picture.replaceSubrange(16..<24, with: [0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff])
    picture.replaceSubrange(29..<33, with: CRC32.checksum(picture[12..<29]))
    #expect {
      try BlockingParser().light(side: 4, of: picture)
    } throws: { error in
      "\(error)".contains("65535 × 65535")
    }
  }

  @Test func aMissingProgramIsUnavailable() {
    #expect {
      try BlockingParser(program: "/nonexistent/onefold-parser").light(side: 4, of: SamplePicture.png)
    } throws: { error in
      if case ParsingError.unavailable = error { true } else { false }
    }
  }

  @Test func aProgramThatCannotWorkHereIsUnavailableAndTheContentNotToBlame() throws {
    let program = URL(filePath: NSTemporaryDirectory()).appending(path: "unfit-\(UUID().uuidString)")
    try Data("#!/bin/sh\nexit 70\n".utf8).write(to: program)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    defer { try? FileManager.default.removeItem(at: program) }
    #expect {
      try BlockingParser(program: program.path).light(side: 4, of: SamplePicture.png)
    } throws: { error in
      if case ParsingError.unavailable = error { true } else { false }
    }
  }

  @Test func aChildThatWasKilledIsReplaced() throws {
    let parser = BlockingParser()
    _ = try parser.light(side: 4, of: SamplePicture.png)
    for child in Self.children() { kill(child, SIGKILL) }
    #expect(try parser.light(side: 4, of: SamplePicture.png).width == 40)
  }

  @Test func aChildMayNeitherOpenNorSendNorStartAnything() throws {
    let parser = BlockingParser()
    _ = try parser.light(side: 4, of: SamplePicture.png)
    let child = try #require(Self.children().first)
    let status = try String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)
    #expect(status.contains("Seccomp:\t2"), "system calls are filtered")
    #expect(status.contains("NoNewPrivs:\t1"))
    let limits = try String(contentsOfFile: "/proc/\(child)/limits", encoding: .utf8)
    for (name, value) in [("Max open files", "3"), ("Max file size", "0"), ("Max core file size", "0")] {
      let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix(name) })
      #expect(line.split(separator: " ").contains(Substring(value)), "\(line)")
    }
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(child)/fd")
    #expect(Set(open) == ["0", "1", "2"], "not even what it inherited")
    let environment = try String(contentsOfFile: "/proc/\(child)/environ", encoding: .utf8)
    #expect(!environment.contains("PATH="), "none of this process' environment")
    withExtendedLifetime(parser) {}
  }

  /// Parsers that this process has started and that are running.
  private static func children() -> [pid_t] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap { pid_t($0) }.filter { process in
      guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
      let fields = stat.split(separator: " ")
      return stat.contains("(onefold-parser)") && fields.count > 3 && pid_t(fields[3]) == getpid() && fields[2] != "Z"
    }
  }
}

private enum CRC32 {
  /// As in a PNG: the most significant byte first.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var value = UInt32.max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return withUnsafeBytes(of: (~value).bigEndian, Array.init)
  }
}
