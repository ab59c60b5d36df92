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
    // Of what is not whole nobody knows that it is the same: then only what it is packed in says so.
    let ofWords = Sketch.all(ofText: text).filter { isWhole || $0.algorithm != .canonical }
    guard ofWords.isEmpty || !isWhole, let identity else { return ofWords }
    return ofWords + [CanonicalContent.sketch(form == .compressed ? .inside : .archive, identity: identity)]
  }
}

extension Sketch {
  /// What a text is compared by. Empty for bytes that are none.
  public static func all(ofText text: [UInt8]) -> [Sketch] {
    [TextSketcher.sketch(text.span), CanonicalContent.sketch(ofText: text.span)].compactMap { $0 }
  }
}
