// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Takes an archive apart while it arrives, holding no more than what was appended last, a header, and a member's extended header.
///
/// Append bytes, and take items until there are none; at the end call ``finish()``.
public struct TarReader: Sendable {
  public enum Item: Equatable, Sendable {
    /// A regular file. Its bytes follow, in pieces, and then ``endOfFile``.
    case file(TarMember)
    case bytes(ByteBuffer)
    case endOfFile
    /// Something that is no regular file, with its name.
    case other(name: [UInt8])
  }

  private enum State: Equatable {
    case header
    /// The bytes of a header that is about the next member.
    case records(TarHeader.Kind, size: Int)
    case content(rest: Int64, padding: Int64)
    case skipping(Int64)
    case end
  }

  /// Of an extended header: paths are shorter, and so is all else that anybody puts there.
  private static let recordLimit: Int64 = 64 << 10

  private var input = ByteBuffer()
  private var state = State.header
  /// Bytes that were taken so far.
  private var offset: Int64 = 0
  /// What was said about the next member.
  private var longName: [UInt8]?
  private var extended: PaxRecords?

  public init() {}

  /// Takes bytes, and gives back none of those that were taken apart.
  public mutating func append(_ bytes: ByteBuffer) {
    if state == .end { return }
    if input.readableBytes == 0 {
      input = bytes
    } else {
      input.discardReadBytes()
      input.writeImmutableBuffer(bytes)
    }
  }

  /// - Returns: nil when more bytes are needed, or at the end.
  public mutating func next() throws(TarError) -> Item? {
    while true {
      switch state {
      case .header:
        guard let block = take(TarFormat.blockSize) else { return nil }
        guard let header = try TarHeader(block.readableBytesView, at: offset - Int64(block.readableBytes)) else {
          // What comes after the end is of no account: tar fills up with zeros.
          state = .end
          input = ByteBuffer()
          continue
        }
        if let item = try begin(header) { return item }
      case .records(let kind, let size):
        let start = offset
        guard let block = take(size + Int(TarFormat.padding(of: Int64(size)))) else { return nil }
        let bytes = Array(block.readableBytesView.prefix(size))
        if kind == .longName {
          longName = Array(bytes.prefix { $0 != 0 })
        } else {
          guard let records = PaxRecords(bytes) else {
            throw TarError(reason: "an extended header does not consist of records", offset: start)
          }
          extended = records
        }
        state = .header
      case .content(0, let padding):
        state = .skipping(padding)
        return .endOfFile
      case .content(let rest, let padding):
        guard let bytes = take(upTo: rest) else { return nil }
        state = .content(rest: rest - Int64(bytes.readableBytes), padding: padding)
        return .bytes(bytes)
      case .skipping(0): state = .header
      case .skipping(let rest):
        guard let bytes = take(upTo: rest) else { return nil }
        state = .skipping(rest - Int64(bytes.readableBytes))
      case .end: return nil
      }
    }
  }

  /// - Throws: ``TarError`` when the archive has no end: some of it is missing.
  public func finish() throws(TarError) {
    guard state == .end else { throw TarError(reason: "it ends there, and not as an archive does", offset: offset) }
  }

  private mutating func begin(_ header: TarHeader) throws(TarError) -> Item? {
    switch header.kind {
    case .extended, .longName:
      guard header.size <= Self.recordLimit else {
        throw TarError(reason: "an extended header has \(header.size) bytes", offset: offset)
      }
      state = .records(header.kind, size: Int(header.size))
      return nil
    case .ignored:
      state = .skipping(try whole(header.size))
      return nil
    case .file, .other:
      let name = extended?.path ?? longName ?? header.name
      let size = header.kind == .file ? extended?.size ?? header.size : header.size
      let sha256 = extended?.sha256
      (extended, longName) = (nil, nil)
      guard header.kind == .file, name.last != UInt8(ascii: "/") else {
        state = .skipping(try whole(size))
        return .other(name: name)
      }
      _ = try whole(size)
      state = .content(rest: size, padding: TarFormat.padding(of: size))
      return .file(TarMember(name: name, size: size, sha256: sha256))
    }
  }

  /// - Returns: bytes with those that fill up the last block.
  private func whole(_ size: Int64) throws(TarError) -> Int64 {
    let (sum, isTooLarge) = size.addingReportingOverflow(TarFormat.padding(of: size))
    guard !isTooLarge else { throw TarError(reason: "a member has \(size) bytes", offset: offset) }
    return sum
  }

  private mutating func take(_ count: Int) -> ByteBuffer? {
    guard let bytes = input.readSlice(length: count) else { return nil }
    offset += Int64(count)
    return bytes
  }

  private mutating func take(upTo count: Int64) -> ByteBuffer? {
    guard input.readableBytes > 0 else { return nil }
    return take(Int(min(count, Int64(input.readableBytes))))
  }
}
