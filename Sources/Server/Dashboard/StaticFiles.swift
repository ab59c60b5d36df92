// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore

/// The files of a built dashboard, read once into memory: a request is a look into a dictionary, and no path leads anywhere else.
struct StaticFiles: Sendable {
  struct File: Sendable {
    let body: ByteBuffer
    let contentType: String
    let tag: EntityTag
    /// The name holds a hash of the content: whatever is under it never changes.
    let isImmutable: Bool
  }

  /// By path relative to the directory, parts joined by "/".
  private let files: [String: File]

  /// Reads a directory; one that does not exist, or has no `index.html`, gives nil.
  init?(directory: URL) throws {
    var files: [String: File] = [:]
    guard let names = FileManager.default.enumerator(atPath: directory.path) else { return nil }
    for case let name as String in names {
      let url = directory.appending(path: name)
      guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
      let bytes = [UInt8](try Data(contentsOf: url))
      files[name] = File(
        body: ByteBuffer(bytes: bytes), contentType: Self.contentType(of: name),
        tag: EntityTag(SHA256Hasher.hash(bytes).hex), isImmutable: Self.hasHash(name))
    }
    guard files["index.html"] != nil else { return nil }
    self.files = files
  }

  subscript(_ path: String) -> File? { files[path.isEmpty ? "index.html" : path] }

  private static func contentType(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js", "mjs": "text/javascript; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "json", "map": "application/json"
    case "webmanifest": "application/manifest+json"
    case "svg": "image/svg+xml"
    case "png": "image/png"
    case "ico": "image/vnd.microsoft.icon"
    case "woff2": "font/woff2"
    case "txt": "text/plain; charset=utf-8"
    default: "application/octet-stream"
    }
  }

  /// `name-ABCD2345.js`: eight or more upper-case letters and digits before the extension, as bundlers write hashes.
  private static func hasHash(_ name: String) -> Bool {
    guard let file = name.split(separator: "/").last, let stem = file.split(separator: ".").first,
      let dash = stem.lastIndex(of: "-")
    else { return false }
    let hash = stem[stem.index(after: dash)...].utf8
    return hash.count >= 8 && hash.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
  }
}
