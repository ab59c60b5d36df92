// SPDX-License-Identifier: Apache-2.0

/// What a parser is asked of a content.
///
/// On the wire: the kind (a byte), what it needs (2 bytes), how many bytes the content has (8), and those; numbers are little-endian.
package enum ParserRequest: Equatable, Sendable {
  /// The light of a picture, at so many points a side, whatever its form. Answered with a ``ParsedLight``.
  case light(side: UInt16)
  /// The picture itself, upright, with at most so many points a side, as WebP.
  case preview(side: UInt16)
  /// The words of a document, or what an archive holds. Answered with a ``ParsedDocument``.
  case document

  package static let headerSize = 11
  /// The largest content that is taken.
  package static let contentLimit = 64 << 20

  package func header(of contentSize: Int) -> [UInt8] {
    let (kind, side): (UInt8, UInt16) =
      switch self {
      case .light(let side): (1, side)
      case .preview(let side): (2, side)
      case .document: (3, 0)
      }
    return [kind] + bytes(of: side) + bytes(of: UInt64(contentSize))
  }

  /// Nil for anything that ``header(of:)`` does not give.
  package static func read(header: [UInt8]) -> (request: ParserRequest, contentSize: Int)? {
    guard header.count == headerSize else { return nil }
    let side = number(header[1..<3], as: UInt16.self)
    let size = number(header[3..<11], as: UInt64.self)
    guard size <= UInt64(contentLimit) else { return nil }
    return switch (header[0], side) {
    case (1, 1...): (.light(side: side), Int(size))
    case (2, 1...): (.preview(side: side), Int(size))
    case (3, 0): (.document, Int(size))
    default: nil
    }
  }
}

/// On the wire: 0 or 1, how many bytes follow (4), and those: what was asked for, or why there is none.
package enum ParserAnswer: Equatable, Sendable {
  case answer([UInt8])
  case unreadable(String)

  package static let headerSize = 5
  /// Of the bytes that follow.
  package static let sizeLimit = 16 << 20

  package var wire: [UInt8] {
    let (kind, body): (UInt8, [UInt8]) =
      switch self {
      case .answer(let body): (0, body)
      case .unreadable(let reason): (1, Array(reason.utf8))
      }
    return [kind] + bytes(of: UInt32(body.count)) + body
  }

  /// How many bytes follow; nil for anything that no parser of ours sends.
  package static func bodySize(header: [UInt8]) -> Int? {
    guard header.count == headerSize, header[0] <= 1 else { return nil }
    let size = Int(number(header[1..<5], as: UInt32.self))
    return size <= sizeLimit ? size : nil
  }

  package init(header: [UInt8], body: [UInt8]) {
    self = header[0] == 0 ? .answer(body) : .unreadable(String(decoding: body.prefix(200), as: UTF8.self))
  }
}

/// What a document is written in.
public enum DocumentForm: String, Codable, Sendable, CaseIterable {
  case html, pdf
  /// Of Word (docx), of PowerPoint (pptx), of LibreOffice (odt, ods, odp), of e-book readers (epub).
  case word, presentation, openDocument, book
  /// Several files in one, none of which is looked into: zip, tar.
  case archive
  /// One file in gzip, xz, bzip2 or zstd.
  case compressed
}

/// A document, or an archive, as it is compared.
public struct ParsedDocument: Equatable, Sendable {
  public var form: DocumentForm
  /// The same for all archives with the same members, and for all compressed files with the same inside: 32 bytes.
  public var identity: [UInt8]?
  /// Its words; UTF-8. Empty when there are none. Of what is only compressed the inside itself, whatever that is.
  public var text: [UInt8]
  /// Whether that is all there is: what was cut off, or could not be read, may differ.
  public var isWhole: Bool

  /// Of ``text``, in bytes: what comes after that is not compared.
  package static let textLimit = 8 << 20

  package init(form: DocumentForm, identity: [UInt8]? = nil, text: [UInt8], isWhole: Bool = true) {
    self.form = form
    self.identity = identity
    self.text = text
    self.isWhole = isWhole
  }

  /// The form, whether it is whole, how many bytes of identity there are (a byte each), those, and the text.
  package var wire: [UInt8] {
    let place = DocumentForm.allCases.firstIndex(of: form) ?? 0
    return [UInt8(place), isWhole ? 1 : 0, UInt8(identity?.count ?? 0)] + (identity ?? []) + text
  }

  /// Nil for anything that ``wire`` does not give.
  package init?(wire: [UInt8]) {
    guard wire.count >= 3, DocumentForm.allCases.indices.contains(Int(wire[0])), [0, 32].contains(wire[2]),
      wire.count >= 3 + Int(wire[2])
    else { return nil }
    form = DocumentForm.allCases[Int(wire[0])]
    isWhole = wire[1] == 1
    identity = wire[2] == 0 ? nil : Array(wire[3..<3 + Int(wire[2])])
    text = Array(wire[(3 + Int(wire[2]))...])
  }
}

/// A picture reduced to light.
///
/// On the wire: its width and height (4 bytes each), then a byte a point, row by row.
public struct ParsedLight: Equatable, Sendable {
  /// Of the picture as it is shown, in points.
  public var width: Int
  public var height: Int
  /// Row by row from the upper left, 0 is black.
  public var light: [UInt8]
  /// The same for all files with the same points, whatever is noted beside them: 32 bytes. Nil when that is not known.
  public var identity: [UInt8]?

  package init(width: Int, height: Int, light: [UInt8], identity: [UInt8]? = nil) {
    self.width = width
    self.height = height
    self.light = light
    self.identity = identity
  }

  package var wire: [UInt8] { bytes(of: UInt32(width)) + bytes(of: UInt32(height)) + light + (identity ?? []) }

  /// Nil unless there are as many points as were asked for.
  package init?(wire: [UInt8], side: Int) {
    let end = 8 + side * side
    guard [end, end + 32].contains(wire.count) else { return nil }
    width = Int(number(wire[0..<4], as: UInt32.self))
    height = Int(number(wire[4..<8], as: UInt32.self))
    light = Array(wire[8..<end])
    identity = wire.count > end ? Array(wire[end...]) : nil
  }
}

private func bytes(of number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian, Array.init)
}

private func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, as type: Number.Type) -> Number {
  bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
}
