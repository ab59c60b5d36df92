// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// SHA-256 of bytes as they stream past, by OpenSSL, which uses the processor's SHA instructions.
///
/// One content, one hasher: `finish` consumes it.
// `@unchecked Sendable`: the context has one owner (the type cannot be copied), and OpenSSL ties it to no thread.
public struct SHA256Hasher: ~Copyable, @unchecked Sendable {
  public static let digestByteCount = 32

  private let context: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a hash context") }
    let started = EVP_DigestInit_ex(context, Self.algorithm, nil)
    precondition(started == 1, "OpenSSL refused to start SHA-256")
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes, in order. About 2 GB/s on one core with SHA instructions.
  public mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { bytes in
      let added = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      precondition(added == 1, "OpenSSL refused bytes for SHA-256")
    }
  }

  /// The 32 bytes of the digest.
  public consuming func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.digestByteCount) { digest, count in
      let finished = EVP_DigestFinal_ex(context, digest.baseAddress, nil)
      precondition(finished == 1, "OpenSSL could not finish SHA-256")
      count = Self.digestByteCount
    }
  }

  /// The digest of bytes that are all there.
  public static func hash(_ bytes: RawSpan) -> [UInt8] {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// The digest of bytes that are all there.
  public static func hash(_ bytes: [UInt8]) -> [UInt8] { hash(bytes.span.bytes) }

  // Fetched once: a look-up by name for each hasher would cost more than hashing a small file.
  // `nonisolated(unsafe)`: OpenSSL's method objects are immutable once fetched.
  nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)
}
