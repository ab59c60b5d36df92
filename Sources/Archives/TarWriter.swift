// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Makes an archive: of files in memory, or of some that come in pieces, and gives it out in pieces.
public struct TarWriter: Sendable {
  /// What of the archive was not taken yet.
  public private(set) var bytes = ByteBuffer()

  /// Octal digits have no room for more.
  private static let largestPlainSize: Int64 = 8 << 30 - 1

  public init() {}

  /// - Parameter sha256: of the content, in hexadecimal digits.
  public mutating func add(path: String, content: ByteBuffer, sha256: String? = nil, modified: Int64 = 0) {
    begin(path: path, size: Int64(content.readableBytes), sha256: sha256, modified: modified)
    add(content)
    end(size: Int64(content.readableBytes))
  }

  /// A file whose bytes follow, ``add(_:)`` by ``add(_:)``, and then its ``end(size:)``.
  /// - Parameter modified: in seconds since 1970.
  public mutating func begin(path: String, size: Int64, sha256: String? = nil, modified: Int64 = 0) {
    var records = Self.record("path", path)
    if size > Self.largestPlainSize { records += Self.record("size", "\(size)") }
    if let sha256 { records += Self.record(TarFormat.digestKeyword, sha256) }
    header(name: "pax", size: Int64(records.utf8.count), kind: "x", modified: modified)
    bytes.writeString(records)
    end(size: Int64(records.utf8.count))
    // Readers that know no extended headers get as much of the name as there is room for.
    header(name: path, size: min(size, Self.largestPlainSize), kind: "0", modified: modified)
  }

  public mutating func add(_ content: ByteBuffer) { bytes.writeImmutableBuffer(content) }

  public mutating func end(size: Int64) { bytes.writeRepeatingByte(0, count: Int(TarFormat.padding(of: size))) }

  /// Gives out what there is.
  public mutating func take() -> ByteBuffer {
    defer { bytes = ByteBuffer() }
    return bytes
  }

  /// The archive, or what was not taken of it, with its end.
  public consuming func finish() -> ByteBuffer {
    bytes.writeRepeatingByte(0, count: 2 * TarFormat.blockSize)
    return bytes
  }

  /// Its length counts itself.
  private static func record(_ keyword: String, _ value: String) -> String {
    let rest = " \(keyword)=\(value)\n"
    var length = rest.utf8.count
    while length != rest.utf8.count + "\(length)".utf8.count { length = rest.utf8.count + "\(length)".utf8.count }
    return "\(length)\(rest)"
  }

  private mutating func header(name: String, size: Int64, kind: Unicode.Scalar, modified: Int64) {
    var block = [UInt8](repeating: 0, count: TarFormat.blockSize)
    func put(_ text: String, at offset: Int, limit: Int) {
      for (place, byte) in text.utf8.prefix(limit).enumerated() { block[offset + place] = byte }
    }
    func octal(_ number: Int64, at offset: Int, digits: Int) {
      var rest = number
      for place in (offset..<(offset + digits)).reversed() {
        block[place] = UInt8(ascii: "0") + UInt8(rest & 7)
        rest >>= 3
      }
    }
    put(name, at: 0, limit: 100)
    octal(0o644, at: 100, digits: 7)
    octal(0, at: 108, digits: 7)
    octal(0, at: 116, digits: 7)
    octal(size, at: 124, digits: 11)
    octal(modified, at: 136, digits: 11)
    put("        ", at: 148, limit: 8)
    block[156] = UInt8(ascii: kind)
    put("ustar\u{0}00", at: 257, limit: 8)
    octal(block.reduce(0) { $0 + Int64($1) }, at: 148, digits: 6)
    block[154] = 0
    bytes.writeBytes(block)
  }
}
