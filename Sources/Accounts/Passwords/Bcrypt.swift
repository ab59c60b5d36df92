// SPDX-License-Identifier: Apache-2.0

import CXCrypt
import Glibc

/// bcrypt by libxcrypt, in the form `$2b$<cost>$<salt and hash>`. Blocking: see ``Passwords`` for the threads.
enum Bcrypt {
  /// A cost and a fresh salt from the kernel's random source.
  static func setting(_ cost: BcryptCost) throws(PasswordError) -> String {
    var output = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    guard crypt_gensalt_rn("$2b$", UInt(cost.value), nil, 0, &output, Int32(output.count)) != nil else {
      throw .hashing(errno: errno)
    }
    return text(output)
  }

  /// - Parameter setting: What ``setting(_:)`` gave, or a whole hash: its first part is the setting it was made with.
  /// - Throws: ``PasswordError/tooLong(maximumBytes:)``, ``PasswordError/containsNUL`` or ``PasswordError/hashing(errno:)``.
  static func hash(_ password: String, setting: String) throws(PasswordError) -> String {
    try PasswordRules.checkLimitsOfBcrypt(password)
    // 32 KiB, too much for a thread's stack; holds the password and the key schedule, so it is wiped before it is freed.
    let size = MemoryLayout<crypt_data>.size
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
    memset(scratch, 0, size)
    defer {
      explicit_bzero(scratch, size)
      scratch.deallocate()
    }
    guard let output = crypt_rn(password, setting, scratch, Int32(size)) else { throw .hashing(errno: errno) }
    return String(cString: output)
  }

  /// - Returns: Whether the hash is of that password. Takes the same time wherever the two differ.
  /// - Throws: also for what is no bcrypt hash: libcrypt knows older, weaker forms.
  static func verify(_ password: String, hash: String) throws(PasswordError) -> Bool {
    guard cost(of: hash) != nil else { throw .hashing(errno: EINVAL) }
    let computed = Array(try self.hash(password, setting: hash).utf8)
    let stored = Array(hash.utf8)
    guard computed.count == stored.count else { return false }
    return zip(computed, stored).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// The cost that a hash was made with; nil for what is no bcrypt hash.
  static func cost(of hash: String) -> Int? {
    let parts = hash.split(separator: "$")
    return parts.count == 3 && parts[0].hasPrefix("2") ? Int(parts[1]) : nil
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
