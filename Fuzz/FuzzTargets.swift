// SPDX-License-Identifier: Apache-2.0

import Archives
import DedupEngine
import Domain
import Foundation
import NIOCore

@testable import BlobStore
@testable import EventStore
@testable import Projections

/// What is given bytes that a stranger could send. Each says what must hold whatever they are; a crash, a trap or a failed precondition is a finding.
enum FuzzTargets {
  static let all: [String: @Sendable ([UInt8]) -> Void] = [
    "chunker": chunker, "lz4": lz4, "pack": pack, "manifest": manifest, "tar": tar, "text": text, "words": words,
    "event-line": eventLine, "json": json, "path": path, "s3-listing": s3Listing,
  ]

  private static let small = Chunker(.small, gear: GearTable(secret: Array("fuzz".utf8)))

  /// Chunks are the content, in order, and of the sizes that are promised.
  @Sendable private static func chunker(_ bytes: [UInt8]) {
    var end = 0
    _ = small.cut(bytes.span.bytes, isLast: true) { range in
      precondition(range.lowerBound == end && !range.isEmpty, "chunks follow each other")
      precondition(range.count <= ChunkingParameters.small.maximum, "none is too long")
      precondition(range.upperBound == bytes.count || range.count >= ChunkingParameters.small.minimum, "nor too short")
      end = range.upperBound
    }
    precondition(end == bytes.count, "all is in chunks")
  }

  @Sendable private static func lz4(_ bytes: [UInt8]) {
    let source = ArraySource(bytes: bytes)
    guard var reader = try? LZ4FrameReader(source) else { return }
    let blocks = (reader.contentSize + Int64(LZ4Frame.blockSize) - 1) / Int64(LZ4Frame.blockSize)
    for number in 0..<Int(min(blocks, 8)) { _ = try? reader.block(number, of: source) }
    guard var decoder = try? LZ4StreamDecoder() else { return }
    _ = try? decoder.add(bytes)
  }

  private struct Bytes: PackBytes {
    let bytes: [UInt8]

    func size() -> Int64 { Int64(bytes.count) }
    func read(at offset: Int64, count: Int) -> [UInt8] {
      Array(bytes.dropFirst(Int(clamping: offset)).prefix(max(0, count)))
    }
  }

  /// A checksum stands before everything, so the bytes are tried as a whole pack, and as the entries of one whose checksum is right.
  @Sendable private static func pack(_ bytes: [UInt8]) {
    let count = bytes.count / PackEntry.byteCount
    var trailer = Array(bytes.prefix(count * PackEntry.byteCount)) + PackFormat.footer
    for number in [UInt64(PackFormat.header.count), UInt64(count)] {
      withUnsafeBytes(of: number.littleEndian) { trailer += $0 }
    }
    let sealed = PackFormat.header + trailer + SHA256Hasher.hash(trailer)
    for pack in [bytes, sealed] {
      guard let entries = try? PackFormat.entries(of: Bytes(bytes: pack)) else { continue }
      for entry in entries {
        precondition(entry.offset + Int64(entry.storedSize) <= Int64(pack.count), "entries lie within")
      }
    }
  }

  /// A checksum stands before everything, so the fuzzer writes what comes before it.
  @Sendable private static func manifest(_ bytes: [UInt8]) {
    let digest = Digest(bytes: [UInt8](repeating: 7, count: 32))
    let sealed = bytes + SHA256Hasher.hash(digest.bytes + bytes)
    for candidate in [bytes, sealed] {
      guard let manifest = try? Manifest(candidate, of: digest, size: 0) else { continue }
      precondition(manifest.isImplied || manifest.encoded() == candidate, "what is read is what was written")
    }
  }

  /// However the archive is cut into pieces as it comes, the same is in it.
  @Sendable private static func tar(_ bytes: [UInt8]) {
    let bytes = withRightChecksums(bytes)
    precondition(
      items(of: bytes, pieces: bytes.count + 1) == items(of: bytes, pieces: 700), "pieces make no difference")
  }

  /// Headers that are changed would all be refused for the same reason.
  private static func withRightChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for start in stride(from: 0, to: bytes.count - 511, by: 512)
    where bytes[(start + 257)...].starts(with: Array("ustar".utf8)) {
      for place in start + 148..<start + 156 { bytes[place] = 0x20 }
      let sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
      bytes.replaceSubrange(start + 148..<start + 155, with: Array((String(format: "%06o", sum) + "\0").utf8))
    }
    return bytes
  }

  private static func items(of bytes: [UInt8], pieces: Int) -> [String] {
    var reader = TarReader()
    var found: [String] = []
    var content: [UInt8] = []
    for start in stride(from: 0, to: max(1, bytes.count), by: pieces) {
      reader.append(ByteBuffer(bytes: bytes[min(start, bytes.count)..<min(bytes.count, start + pieces)]))
      do {
        while let item = try reader.next() {
          switch item {
          case .bytes(let buffer): content += buffer.readableBytesView
          case .endOfFile:
            found.append("\(SHA256Hasher.hash(content).hex)")
            content = []
          case .file(let member): found.append("\(member)")
          case .other(let name): found.append("\(name)")
          }
        }
      } catch {
        return found + ["\(error)"]
      }
    }
    return found
  }

  /// Spacing and case change no sketch.
  @Sendable private static func text(_ bytes: [UInt8]) {
    guard let sketch = TextSketcher.sketch(bytes.span) else { return }
    precondition(sketch.similarity(to: sketch) == 1 && sketch.keys.count == 32)
    _ = CanonicalContent.sketch(ofText: bytes.span)
    guard bytes.allSatisfy({ $0 < 0x80 && $0 != 0 }) else { return }
    let shouted = Array(String(decoding: bytes, as: UTF8.self).uppercased().utf8)
    precondition(TextSketcher.sketch((shouted + [0x20]).span)?.signature == sketch.signature, "case is no difference")
  }

  @Sendable private static func words(_ bytes: [UInt8]) {
    let half = bytes.count / 2
    guard let difference = TextDifference.between(Array(bytes[..<half]), Array(bytes[half...])) else { return }
    precondition(difference.commonWords <= min(difference.leftWords, difference.rightWords))
    precondition(difference.changes.count <= difference.changeCount)
  }

  @Sendable private static func eventLine(_ bytes: [UInt8]) {
    guard let tuple = EventLine.tuple(bytes) else { return }
    var line: [UInt8] = []
    guard EventLine.append(tuple, to: &line) else { return }
    precondition(EventLine.tuple(line.dropLast()) == tuple, "an event is written as it was read")
  }

  @Sendable private static func json(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      _ = scanner.members()
    }
    _ = Digest(String(decoding: bytes, as: UTF8.self))
    _ = Date(rfc3339: String(decoding: bytes, as: UTF8.self))
  }

  @Sendable private static func path(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let path = try? FilePath(text) else { return }
    precondition((try? FilePath(path.description))?.description == path.description, "a path stays what it is")
  }

  @Sendable private static func s3Listing(_ bytes: [UInt8]) { _ = S3Listing(String(decoding: bytes, as: UTF8.self)) }
}

/// libFuzzer's way in: FUZZ_TARGET says which of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  chosen(Array(UnsafeBufferPointer(start: data, count: count)))
  return 0
}

private let chosen: @Sendable ([UInt8]) -> Void = {
  let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
  guard let target = FuzzTargets.all[name] else {
    print("FUZZ_TARGET must be one of: \(FuzzTargets.all.keys.sorted().joined(separator: ", "))")
    exit(2)
  }
  return target
}()
