// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Parsing
import TestSupport
import Testing

/// The real program, as child of the tests.
struct DocumentParserTests {
  private let parser = BlockingParser()

  @Test(arguments: [
    (SampleDocument.word, DocumentForm.word), (SampleDocument.openDocument, .openDocument),
    (SampleDocument.slides, .presentation), (SampleDocument.book, .book), (SampleDocument.pdf, .pdf),
    (SampleDocument.html, .html), (SampleDocument.gzip, .compressed), (SampleDocument.xz, .compressed),
  ])
  func theWordsOfADocumentAreReadWhateverItIsWrittenIn(content: [UInt8], form: DocumentForm) throws {
    let parsed = try parser.document(of: content)
    #expect(parsed.form == form)
    let words = String(decoding: parsed.text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    let wanted = SampleDocument.paragraphs.joined(separator: " ").split(separator: " ")
    #expect(words.filter { !["A", "page"].contains($0) } == wanted, "no word is parted, joined or hidden")
  }

  @Test func archivesWithTheSameMembersAreTheSameHoweverTheyArePacked() throws {
    let all = try [SampleDocument.zip, SampleDocument.zipAgain, SampleDocument.tarGzip].map(parser.document(of:))
    #expect(all.allSatisfy { $0.form == .archive && $0.text.isEmpty })
    #expect(Set(all.map(\.identity)).count == 1)
    #expect(all[0].identity?.count == 32)
  }

  /// Two that differ beyond what is read are not called the same.
  @Test func whatIsNotReadToItsEndHasNoCanonicalSketchOfItsWords() throws {
    let long = Array(("<html><body>" + String(repeating: "word ", count: 2 << 20) + "</body></html>").utf8)
    let deep = Array(("<html>" + String(repeating: "<div>", count: 5000) + "a few words at the bottom").utf8)
    for page in [long, deep] {
      let parsed = try parser.document(of: page)
      #expect(!parsed.isWhole)
      #expect(!parsed.sketches.contains { $0.algorithm == .canonical })
    }
    #expect(try parser.document(of: SampleDocument.html).isWhole)
    #expect(try parser.document(of: SampleDocument.word).sketches.contains { $0.algorithm == .canonical })
  }

  @Test func compressedFilesWithTheSameInsideAreTheSame() throws {
    let (gzip, xz) = (try parser.document(of: SampleDocument.gzip), try parser.document(of: SampleDocument.xz))
    #expect(gzip.identity == xz.identity && gzip.identity?.count == 32)
  }

  @Test func aPageInAnotherEncodingIsReadAsItIsMeant() throws {
    let page =
      Array("<html><meta charset=windows-1252><body>na".utf8) + [0xef] + Array("ve \u{22}".utf8) + [0x93, 0x94]
    let text = String(decoding: try parser.document(of: page).text, as: UTF8.self)
    #expect(text.contains("naïve") && text.contains("“”"))
  }

  @Test func aPageThatDoesNotSayItsEncodingIsUTF8IfItCanBe() throws {
    let text = try parser.document(of: Array("<html><body>naïve 日本</body></html>".utf8)).text
    #expect(String(decoding: text, as: UTF8.self).contains("naïve 日本"))
  }

  @Test func anEntityIsNotExpandedAndNothingIsLoadedForIt() throws {
    let page = Array(
      #"<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body>before &x; after</body></html>"#.utf8)
    let text = String(decoding: try parser.document(of: page).text, as: UTF8.self)
    #expect(text.contains("before") && !text.contains("root"))
  }

  @Test func pagesNestedWithoutEndAreReadAsFarAsTheyGo() throws {
    let page = Array(("<html>" + String(repeating: "<div>", count: 200_000)).utf8)
    #expect(try parser.document(of: page).form == .html)
  }

  @Test(arguments: [
    Array("%PDF-1.7 and nothing else".utf8), Array(SampleDocument.word.prefix(300)), Array("PK\u{3}\u{4}".utf8),
    Array(SampleDocument.xz.dropLast(20)), Array("no document".utf8), [],
  ])
  func whatCannotBeReadIsUnreadableAndTheNextIsRead(content: [UInt8]) throws {
    #expect {
      try parser.document(of: content)
    } throws: { error in
      if case ParsingError.unreadable(let reason) = error { !reason.isEmpty } else { false }
    }
    #expect(try parser.document(of: SampleDocument.pdf).form == .pdf)
  }

  /// The child may end by it; whoever asks gets an answer about the content, and the next content is read.
  @Test func changedBytesNeverMakeTheParserUnavailable() throws {
    let (rounds, seed, start) = (Trials.count(40), Trials.seed(), ContinuousClock.now)
    var generator = SeededGenerator(seed: seed)
    let documents = [
      SampleDocument.word, SampleDocument.openDocument, SampleDocument.slides, SampleDocument.book, SampleDocument.pdf,
      SampleDocument.gzip, SampleDocument.xz, SampleDocument.tarGzip,
    ]
    let pictures = SamplePicture.all.sorted { $0.key < $1.key }.map(\.value)
    let samples = documents + pictures
    var (read, unreadable) = (0, 0)
    for _ in 0..<rounds {
      for (number, sample) in samples.enumerated() {
        var content = sample
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
          content[Int.random(in: content.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        do {
          if number < documents.count {
            _ = try parser.document(of: content)
          } else {
            _ = try parser.light(side: 4, of: content)
          }
          read += 1
        } catch {
          guard case ParsingError.unreadable = error else { throw error }
          unreadable += 1
        }
      }
    }
    #expect(try parser.document(of: SampleDocument.pdf).form == .pdf, "seed \(seed)")
    Trials.held(
      50, "\(rounds * samples.count) contents with changed bytes", seed: seed, since: start, "read \(read)",
      "unreadable \(unreadable)", "parser unavailable 0")
  }
}
