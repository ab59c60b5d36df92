// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds the words of a text and hashes each, whatever its case.
///
/// A word is a run of letters, digits and `_`; scripts that put no space between words give every three neighbouring characters as one.
enum WordScanner {
  /// - Parameter text: UTF-8.
  @inline(__always)
  static func scan(_ text: Span<UInt8>, _ body: (UInt64) -> Void) {
    text.withUnsafeBufferPointer { text in
      guard var next = text.baseAddress else { return }
      let end = next + text.count
      while next < end {
        guard isPartOfWord(next.pointee) else {
          next += 1
          continue
        }
        let start = next
        var all: UInt8 = 0
        repeat {
          all |= next.pointee
          next += 1
        } while next < end && isPartOfWord(next.pointee)
        let run = UnsafeRawBufferPointer(start: start, count: next - start)
        if all < 0x80 { body(hash(run)) } else { scanUnicode(run, body) }
      }
    }
  }

  /// The same, with the place of each word in the text: characters of scripts without spaces one by one.
  static func locate(_ text: [UInt8], _ body: (Range<Int>, UInt64) -> Void) {
    text.withUnsafeBytes { bytes in
      var next = 0
      while next < bytes.count {
        guard isPartOfWord(bytes[next]) else {
          next += 1
          continue
        }
        let start = next
        while next < bytes.count, isPartOfWord(bytes[next]) { next += 1 }
        locate(UnsafeRawBufferPointer(rebasing: bytes[start..<next]), at: start, body)
      }
    }
  }

  private static func locate(_ run: UnsafeRawBufferPointer, at start: Int, _ body: (Range<Int>, UInt64) -> Void) {
    guard run.contains(where: { $0 >= 0x80 }) else { return body(start..<start + run.count, hash(run)) }
    let text = String(decoding: run, as: UTF8.self)
    // Bytes that are no text were replaced: the run is one word, because places in it mean nothing.
    guard text.utf8.count == run.count else { return body(start..<start + run.count, hash(run)) }
    var word = text.startIndex
    func end(at index: String.Index) {
      if word < index { emit(word, index) }
    }
    func emit(_ from: String.Index, _ to: String.Index) {
      let canonical = text[from..<to].precomposedStringWithCompatibilityMapping.lowercased()
      let range =
        text.utf8.distance(from: text.startIndex, to: from)..<text.utf8.distance(from: text.startIndex, to: to)
      let key = Array(canonical.utf8).withUnsafeBytes { hash($0) }
      body(start + range.lowerBound..<start + range.upperBound, key)
    }
    for index in text.unicodeScalars.indices {
      let scalar = text.unicodeScalars[index]
      let after = text.unicodeScalars.index(after: index)
      if isUnspaced(scalar) {
        end(at: index)
        emit(index, after)
        word = after
      } else if !isPartOfWord(scalar) {
        end(at: index)
        word = after
      }
    }
    end(at: text.endIndex)
  }

  /// A letter or digit of ASCII, `_`, or part of another character: a bit for each of the 256 bytes.
  @inline(__always)
  private static func isPartOfWord(_ byte: UInt8) -> Bool {
    let bits: UInt64 =
      switch byte >> 6 {
      case 0: 0x03ff_0000_0000_0000
      case 1: 0x07ff_fffe_87ff_fffe
      default: .max
      }
    return bits >> UInt64(byte & 63) & 1 == 1
  }

  /// Eight bytes a step. Setting one bit makes capitals small, leaves digits as they are, and mixes no two characters of a word up.
  @inline(__always)
  private static func hash(_ word: UnsafeRawBufferPointer) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: word.count) &* 0x9e37_79b9_7f4a_7c15
    var offset = 0
    while offset &+ 8 <= word.count {
      hash = step(hash, UInt64(littleEndian: word.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset &+= 8
    }
    guard offset < word.count else { return hash }
    var rest: UInt64 = 0
    for byte in word[offset...].reversed() { rest = rest << 8 | UInt64(byte) }
    return step(hash, rest)
  }

  @inline(__always)
  private static func step(_ hash: UInt64, _ bytes: UInt64) -> UInt64 {
    let product = (hash ^ (bytes | 0x2020_2020_2020_2020)).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
    return product.high ^ product.low
  }

  /// Canonical forms of characters (NFKC) in small letters, cut into words where Unicode does.
  @inline(never)
  private static func scanUnicode(_ run: UnsafeRawBufferPointer, _ body: (UInt64) -> Void) {
    let text = String(decoding: run, as: UTF8.self).precomposedStringWithCompatibilityMapping.lowercased()
    var word: [UInt8] = []
    var unspaced: [Unicode.Scalar] = []
    func endWord() {
      if !word.isEmpty { word.withUnsafeBytes { body(hash($0)) } }
      word.removeAll(keepingCapacity: true)
    }
    func endUnspaced() {
      // Shorter runs are words of their own.
      let length = min(3, unspaced.count)
      for start in 0..<(length == 0 ? 0 : unspaced.count - length + 1) {
        let part = unspaced[start..<start + length].flatMap { Array(String($0).utf8) }
        part.withUnsafeBytes { body(hash($0)) }
      }
      unspaced.removeAll(keepingCapacity: true)
    }
    for scalar in text.unicodeScalars {
      if isUnspaced(scalar) {
        endWord()
        unspaced.append(scalar)
      } else if isPartOfWord(scalar) {
        endUnspaced()
        word += String(scalar).utf8
      } else {
        endWord()
        endUnspaced()
      }
    }
    endWord()
    endUnspaced()
  }

  private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return isPartOfWord(UInt8(scalar.value)) }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .decimalNumber, .letterNumber, .otherNumber:
      return true
    default: return false
    }
  }

  /// Han, Hiragana, Katakana, Thai, Lao, Myanmar and Khmer are written without spaces between words.
  private static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff, 0x3040...0x30ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
      0xf900...0xfaff, 0x20000...0x3ffff:
      isPartOfWord(scalar)
    default: false
    }
  }
}
