// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// The two hashes of RFC 6962, section 2.1: a leaf is SHA-256(0x00 ‖ data), a node SHA-256(0x01 ‖ left ‖ right). The data of every leaf
/// begins with the hasher's tag, which says what kind of thing it is.
///
/// One context for any number of hashes: making one costs as much as hashing a small event. Not Sendable, because the context is in the
/// middle of something between two of its calls.
public final class MerkleHasher {
  public static let hashByteCount = 32

  private let context: OpaquePointer
  private let leafPrefix: [UInt8]

  public init(tag: [UInt8] = []) {
    leafPrefix = [0x00] + tag
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a hash context") }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Appends the hash of a leaf, whose data is the tag followed by `bytes`. About 0.4 µs for 500 bytes with SHA instructions.
  public func appendLeaf(_ bytes: RawSpan, to hashes: inout [UInt8]) {
    append(to: &hashes) {
      leafPrefix.withUnsafeBytes(add)
      bytes.withUnsafeBytes(add)
    }
  }

  /// The hash of a leaf, whose data is the tag followed by `bytes`.
  public func leaf(_ bytes: [UInt8]) -> [UInt8] {
    var hash: [UInt8] = []
    appendLeaf(bytes.span.bytes, to: &hash)
    return hash
  }

  /// The hash of two hashes, which stand side by side from `offset` on, overwrites `hashes` at `target`.
  func combine(at offset: Int, into target: Int, of hashes: inout [UInt8]) {
    hashes.withUnsafeMutableBytes { bytes in
      start()
      Self.nodePrefix.withUnsafeBytes(add)
      add(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 2 * Self.hashByteCount]))
      finish(into: bytes.baseAddress.map { $0 + target })
    }
  }

  /// The hash of a node.
  public func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var hash: [UInt8] = []
    append(to: &hash) {
      Self.nodePrefix.withUnsafeBytes(add)
      left.withUnsafeBytes(add)
      right.withUnsafeBytes(add)
    }
    return hash
  }

  private func append(to hashes: inout [UInt8], _ body: () -> Void) {
    start()
    body()
    withUnsafeTemporaryAllocation(byteCount: Self.hashByteCount, alignment: 8) { hash in
      finish(into: hash.baseAddress)
      hashes.append(contentsOf: hash)
    }
  }

  private func start() {
    let started = EVP_DigestInit_ex(context, SHA256Hasher.algorithm, nil)
    precondition(started == 1, "OpenSSL refused to start SHA-256")
  }

  private func add(_ bytes: UnsafeRawBufferPointer) {
    let added = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(added == 1, "OpenSSL refused bytes for SHA-256")
  }

  private func finish(into hash: UnsafeMutableRawPointer?) {
    let finished = EVP_DigestFinal_ex(context, hash?.assumingMemoryBound(to: UInt8.self), nil)
    precondition(finished == 1, "OpenSSL could not finish SHA-256")
  }

  private static let nodePrefix: [UInt8] = [0x01]
}
