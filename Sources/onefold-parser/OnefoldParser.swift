// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Parsing

/// Reads contents that strangers chose, for the processes of `onefold`: confined before the first byte comes, one content after the other.
///
/// Not for people: it speaks the language of `ParserWire` on its standard input and output, and ends with them.
@main
struct OnefoldParser {
  static func main() {
    guard CommandLine.arguments.count == 1, isatty(STDIN_FILENO) == 0 else {
      fail("it reads files for onefold, which starts it by itself.", status: 64)
    }
    let pictures: PictureReader
    let documents = DocumentReader()
    do {
      pictures = try PictureReader()
      try Confinement.enter()
    } catch {
      fail("\(error)", status: ParserExit.cannotConfine)
    }
    while let header = read(ParserRequest.headerSize) {
      guard let (request, size) = ParserRequest.read(header: header), let content = read(size) else {
        exit(ParserExit.strangeRequest)
      }
      Confinement.allowMoreTime()
      let answer =
        switch request {
        case .light(let side): pictures.light(of: content, side: Int(side))
        case .preview(let side): pictures.preview(of: content, side: Int(side))
        case .document: documents.document(of: content)
        }
      guard write(answer.wire) else { exit(74) }
    }
  }

  private static func fail(_ reason: String, status: Int32) -> Never {
    try? FileHandle.standardError.write(contentsOf: Data("onefold-parser: \(reason)\n".utf8))
    exit(status)
  }

  /// Nil at the end.
  private static func read(_ count: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = Glibc.read(STDIN_FILENO, buffer.baseAddress.map { $0 + filled }, count - filled)
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return }
        filled += got
      }
    }
    return bytes.count == count ? bytes : nil
  }

  private static func write(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let put = Glibc.write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if put < 0, errno == EINTR { continue }
        guard put > 0 else { return false }
        rest = rest.dropFirst(put)
      }
      return true
    }
  }
}
