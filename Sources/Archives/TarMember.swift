// SPDX-License-Identifier: Apache-2.0

/// A regular file in an archive, as its header says.
public struct TarMember: Equatable, Sendable {
  /// As it stands there: any bytes.
  public var name: [UInt8]
  /// Bytes of its content.
  public var size: Int64
  /// What the content hashes to, in lower-case hexadecimal digits, by the record ``TarFormat/digestKeyword``; nil without one.
  public var sha256: String?

  public init(name: [UInt8], size: Int64, sha256: String? = nil) {
    self.name = name
    self.size = size
    self.sha256 = sha256
  }

  /// The name without the `./` that `tar -c .` puts before it; nil when it is not UTF-8.
  public var path: String? {
    String(validating: name.starts(with: Array("./".utf8)) ? name.dropFirst(2) : name[...], as: UTF8.self)
  }
}

/// The form of an archive: POSIX.1-2001 (pax), of which ustar and what GNU tar writes are read as well.
///
/// - Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
public enum TarFormat {
  static let blockSize = 512

  /// A record of ours in a member's extended header.
  public static let digestKeyword = "ONEFOLD.sha256"

  public static let mediaType = "application/x-tar"

  /// Bytes that fill up the last block.
  static func padding(of size: Int64) -> Int64 { (Int64(blockSize) - size % Int64(blockSize)) % Int64(blockSize) }
}
