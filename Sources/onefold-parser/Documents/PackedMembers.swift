// SPDX-License-Identifier: Apache-2.0

import CArchive
import DedupEngine
import Parsing

/// What an archive holds: zip, tar, and tar in gzip, xz, bzip2 or zstd; read by libarchive.
struct PackedMembers {
  /// Those that ``OfficeText`` may want, by name.
  private(set) var kept: [String: [UInt8]] = [:]
  /// A name may occur several times.
  private var digests: [String: [[UInt8]]] = [:]
  /// Whether everything was kept that ``OfficeText`` may want.
  private(set) var hasAllWords = true
  private var keptBytes = 0
  private var unpackedBytes = 0

  enum Found {
    case members(PackedMembers)
    /// One compressed file: SHA-256 of what is inside; and that itself, unless it is too long for a text.
    case stream(identity: [UInt8], inside: [UInt8]?)
  }

  /// The same for the same members, however they are ordered, compressed and dated. Nil when there are none.
  ///
  /// - Parameter ofDocument: then what programs note of their own doing does not count.
  func identity(ofDocument: Bool) -> [UInt8]? {
    guard !digests.isEmpty else { return nil }
    var hasher = SHA256Hasher()
    for (name, digests) in digests.sorted(by: { $0.key < $1.key }) where !(ofDocument && Self.isVolatile(name)) {
      for digest in digests {
        hasher.update((Array(name.utf8) + [0] + digest).span.bytes)
      }
    }
    return hasher.finish()
  }

  private static func isVolatile(_ name: String) -> Bool {
    name.hasPrefix("docProps/") || name.hasPrefix("Thumbnails/") || ["meta.xml", "settings.xml"].contains(name)
  }

  static func read(_ content: [UInt8]) throws(DocumentReader.Failure) -> Found {
    guard let archive = archive_read_new() else { throw DocumentReader.Failure("There is no memory to unpack it.") }
    defer { archive_read_free(archive) }
    for filter in [
      archive_read_support_filter_gzip, archive_read_support_filter_xz, archive_read_support_filter_bzip2,
      archive_read_support_filter_zstd,
    ] { _ = filter(archive) }
    for format in [archive_read_support_format_zip, archive_read_support_format_tar, archive_read_support_format_raw] {
      _ = format(archive)
    }
    return try content.withUnsafeBufferPointer { bytes throws(DocumentReader.Failure) -> Found in
      guard archive_read_open_memory(archive, bytes.baseAddress, bytes.count) == ARCHIVE_OK else {
        throw complaint(archive)
      }
      return try members(of: archive)
    }
  }

  private static func members(of archive: OpaquePointer) throws(DocumentReader.Failure) -> Found {
    var members = PackedMembers()
    var entry: OpaquePointer?
    while true {
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { return .members(members) }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw complaint(archive) }
      if archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_RAW {
        // Without a filter it is no archive of ours, and what is not recognised is "raw" too.
        guard archive_filter_count(archive) > 1 else {
          throw DocumentReader.Failure("It is none of the archives that are read.")
        }
        let (digest, inside) = try members.unpack(archive, keep: true)
        return .stream(identity: digest, inside: inside)
      }
      guard let pointer = archive_entry_pathname(entry) else { continue }
      let name = String(cString: pointer)
      if let target = archive_entry_symlink(entry) ?? archive_entry_hardlink(entry) {
        members.digests[name, default: []].append(SHA256Hasher.hash(Array("link\0\(String(cString: target))".utf8)))
        continue
      }
      // Directories are what their members' names say.
      guard archive_entry_filetype(entry) & 0o170000 == 0o100000 else { continue }
      guard archive_entry_is_encrypted(entry) == 0 else { throw DocumentReader.Failure("It is encrypted.") }
      let isWanted = OfficeText.mayHoldWords(name)
      let (digest, bytes) = try members.unpack(archive, keep: isWanted)
      members.digests[name, default: []].append(digest)
      if let bytes { members.kept[name] = bytes } else if isWanted { members.hasAllWords = false }
    }
  }

  /// SHA-256 of a member; and itself if it is to be kept and there is room.
  private mutating func unpack(
    _ archive: OpaquePointer, keep: Bool
  ) throws(DocumentReader.Failure) -> (digest: [UInt8], bytes: [UInt8]?) {
    var hasher = SHA256Hasher()
    var bytes: [UInt8]? = keep ? [] : nil
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
      guard count >= 0 else { throw Self.complaint(archive) }
      guard count > 0 else { return (hasher.finish(), bytes) }
      unpackedBytes += count
      guard unpackedBytes <= ParserLimits.unpacked else {
        throw DocumentReader.Failure("It unpacks to more than \(ParserLimits.unpacked >> 20) MiB.")
      }
      hasher.update(buffer.span.extracting(first: count).bytes)
      guard bytes != nil else { continue }
      if keptBytes + count > DocumentReader.memberLimit {
        bytes = nil
      } else {
        bytes?.append(contentsOf: buffer[..<count])
        keptBytes += count
      }
    }
  }

  private static func complaint(_ archive: OpaquePointer) -> DocumentReader.Failure {
    let text = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive does not say why."
    return DocumentReader.Failure("Unpacking it failed: \(text.split(separator: "\n").first ?? "")")
  }
}
