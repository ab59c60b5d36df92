// SPDX-License-Identifier: Apache-2.0

public import DedupEngine

extension ParsedLight {
  /// What a picture is compared by; the light has to be that of ``PictureSketcher/side``.
  public var sketches: [Sketch] {
    [PictureSketcher.sketch(light), identity.map { CanonicalContent.sketch(.picture, identity: $0) }].compactMap { $0 }
  }
}

extension ParsedDocument {
  /// What a document is compared by: if it has words, by these, whatever they are packed in.
  public var sketches: [Sketch] {
    let ofWords = Sketch.all(ofText: text)
    guard ofWords.isEmpty, let identity else { return ofWords }
    return [CanonicalContent.sketch(form == .compressed ? .inside : .archive, identity: identity)]
  }
}

extension Sketch {
  /// What a text is compared by. Empty for bytes that are none.
  public static func all(ofText text: [UInt8]) -> [Sketch] {
    [TextSketcher.sketch(text.span), CanonicalContent.sketch(ofText: text.span)].compactMap { $0 }
  }
}
