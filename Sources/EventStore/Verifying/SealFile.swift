// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Glibc

/// The copy of the seals, read from front to back; as much of it as there is when it is opened.
final class SealFile {
  private var lines: LineReader
  private var chain: SealChain
  private let hasher = EventTuple.hasher()
  private var peeked: SealRecord?
  private var last: Seal?
  private(set) var findings = Findings()

  /// - Throws: ``LogFileError`` when the file cannot be opened.
  init(path: String, trusting keys: Set<SealPublicKey>) throws {
    lines = LineReader(try FilePieces(path: path).next)
    chain = SealChain(trusting: keys)
  }

  /// The next seal that can be believed, if its number is below `limit`.
  /// - Throws: ``LogFileError`` when a line is no seal.
  func next(below limit: Int64) throws -> SealRecord? {
    if peeked == nil { peeked = try read() }
    guard let record = peeked, record.seal.number < limit else { return nil }
    peeked = nil
    return record
  }

  /// The last position that it covers, once all is read.
  func finish() -> Int64 {
    chain.finish()
    findings.add(
      chain.findings.all.reduce(into: Findings()) { findings, finding in
        findings.add(
          Finding(.copyDamaged, positions: finding.positions, seals: finding.seals, detail: finding.description))
      })
    return last?.last.rawValue ?? 0
  }

  private func read() throws -> SealRecord? {
    while let line = try lines.next() {
      guard !line.isEmpty else { continue }
      guard let record = SealLine.decode(line) else { throw LogFileError("the copy has a line that is no seal") }
      // Told again, by a second writer or a second carrier: the first telling counts.
      if let last, record.seal.number <= last.number { continue }
      let isGood = chain.add(record.seal)
      if !record.hasTrueLeaves(with: hasher) {
        findings.add(Finding(.copyDamaged, record.seal, detail: "its leaves do not have its root"))
      } else if isGood {
        last = record.seal
        return record
      }
    }
    return nil
  }
}

/// A file in pieces, up to the size it had when it was opened.
final class FilePieces {
  private static let pieceSize = 256 << 10

  private let descriptor: Int32
  private let path: String
  private var rest: Int

  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LogFileError("\(path): \(String(cString: strerror(errno)))") }
    rest = Int(lseek(descriptor, 0, SEEK_END))
    lseek(descriptor, 0, SEEK_SET)
  }

  deinit { close(descriptor) }

  /// Nil at the end.
  func next() throws -> [UInt8]? {
    guard rest > 0 else { return nil }
    var failure: Int32?
    let piece = [UInt8](unsafeUninitializedCapacity: min(rest, Self.pieceSize)) { buffer, count in
      let got = read(descriptor, buffer.baseAddress, buffer.count)
      if got < 0 { failure = errno }
      count = max(0, got)
    }
    if let failure { throw LogFileError("\(path): \(String(cString: strerror(failure)))") }
    rest -= piece.count
    return piece.isEmpty ? nil : piece
  }
}
