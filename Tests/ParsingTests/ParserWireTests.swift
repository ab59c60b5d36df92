// SPDX-License-Identifier: Apache-2.0

import Parsing
import Testing

struct ParserWireTests {
  @Test(arguments: [ParserRequest.light(side: 64), .preview(side: 1024), .document])
  func aRequestIsReadAsItWasMeant(request: ParserRequest) throws {
    let read = try #require(ParserRequest.read(header: request.header(of: 123_456)))
    #expect(read.request == request && read.contentSize == 123_456)
  }

  @Test func whatIsNoRequestIsRefused() {
    let header = ParserRequest.light(side: 64).header(of: 10)
    #expect(ParserRequest.read(header: [9] + header.dropFirst()) == nil, "an unknown kind")
    #expect(ParserRequest.read(header: Array(header.dropLast())) == nil, "a part")
    #expect(ParserRequest.read(header: ParserRequest.light(side: 0).header(of: 10)) == nil, "no points")
    #expect(ParserRequest.read(header: ParserRequest.light(side: 1).header(of: 65 << 20)) == nil, "too large")
  }

  @Test(arguments: [
    ParsedDocument(form: .pdf, text: [1, 2, 3]), ParsedDocument(form: .archive, identity: Array(0..<32), text: []),
    ParsedDocument(form: .compressed, identity: Array(0..<32), text: [9], isWhole: false),
  ])
  func aDocumentIsReadAsItWasGiven(document: ParsedDocument) {
    #expect(ParsedDocument(wire: document.wire) == document)
    #expect(ParsedDocument(wire: [99] + document.wire.dropFirst()) == nil, "a form that is not known")
    #expect(ParsedDocument(wire: [0, 1, 32, 1, 2]) == nil, "a part of an identity")
  }

  @Test func anAnswerIsReadAsItWasGiven() throws {
    for answer in [ParserAnswer.answer([1, 2, 3]), .answer([]), .unreadable("broken")] {
      let wire = answer.wire
      let header = Array(wire.prefix(ParserAnswer.headerSize))
      #expect(ParserAnswer.bodySize(header: header) == wire.count - header.count)
      #expect(ParserAnswer(header: header, body: Array(wire.dropFirst(header.count))) == answer)
    }
  }

  @Test func anAnswerThatIsTooLargeIsNone() {
    #expect(ParserAnswer.bodySize(header: [0, 0, 0, 0, 2]) == nil)
    #expect(ParserAnswer.bodySize(header: [7, 0, 0, 0, 0]) == nil)
  }
}
