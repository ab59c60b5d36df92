// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Makes an archive of files that are all in memory.
public struct TarWriter: Sendable {
  /// The archive so far.
  public private(set) var bytes = ByteBuffer()

  public init() {}

  /// - Parameter sha256: of the content, in hexadecimal digits.
  public mutating func add(path: String, content: ByteBuffer, sha256: String? = nil) {
    var records = Self.record("path", path)
    if let sha256 { records += Self.record(TarFormat.digestKeyword, sha256) }
    header(name: "pax", size: records.utf8.count, kind: "x")
    bytes.writeString(records)
    fill(records.utf8.count)
    // Readers that know no extended headers get as much of the name as there is room for.
    header(name: path, size: content.readableBytes, kind: "0")
    bytes.writeImmutableBuffer(content)
    fill(content.readableBytes)
  }

  /// The whole archive.
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

  private mutating func header(name: String, size: Int, kind: Unicode.Scalar) {
    var block = [UInt8](repeating: 0, count: TarFormat.blockSize)
    func put(_ text: String, at offset: Int, limit: Int) {
      for (place, byte) in text.utf8.prefix(limit).enumerated() { block[offset + place] = byte }
    }
    func octal(_ number: Int, at offset: Int, digits: Int) {
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
    octal(0, at: 136, digits: 11)
    put("        ", at: 148, limit: 8)
    block[156] = UInt8(ascii: kind)
    put("ustar\u{0}00", at: 257, limit: 8)
    octal(block.reduce(0) { $0 + Int($1) }, at: 148, digits: 6)
    block[154] = 0
    bytes.writeBytes(block)
  }

  private mutating func fill(_ count: Int) {
    bytes.writeRepeatingByte(0, count: Int(TarFormat.padding(of: Int64(count))))
  }
}
