// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The directory in which `onefold up` keeps everything, held by one process at a time.
final class DataDirectory: Sendable {
  let url: URL
  private let lock: Int32

  /// Creates the directory if need be and claims it until this object or the process goes.
  ///
  /// The claim is the kernel's (`flock`): it ends with the process, however that ends, so nothing stale can be left.
  init(claiming url: URL) throws {
    self.url = url
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let path = url.appending(path: "lock").path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw CommandError("\(path) cannot be opened: \(String(cString: strerror(errno))). Choose another --data-dir.")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
      close(descriptor)
      throw CommandError(
        "Another onefold (process \(holder ?? "unknown")) is running on \(url.path). "
          + "Stop it first, or choose another --data-dir.")
    }
    ftruncate(descriptor, 0)
    let text = Array("\(getpid())\n".utf8)
    _ = write(descriptor, text, text.count)
    lock = descriptor
  }

  deinit { close(lock) }

  /// Where `up` keeps its seal key, below the data directory.
  static let sealKeyPath = "secrets/\(sealKeyName)"
  static let sealKeyName = "seal-key"

  /// The name of the secret that wraps the keys of personal data.
  static let keySecret = "keys"

  /// A secret that was made before; nil when there is none, or this user may not read it.
  static func secret(_ name: String, in url: URL) -> String? {
    (try? String(contentsOf: url.appending(path: "secrets/\(name)"), encoding: .utf8)).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A secret of this installation, made at its first use and readable by this user alone.
  func secret(_ name: String) throws -> String {
    let directory = url.appending(path: "secrets")
    try FileManager.default.createDirectory(
      at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let file = directory.appending(path: name)
    if let known = Self.secret(name, in: url) { return known }
    let fresh = Secret.random()
    // Written beside and moved, so that a crash leaves the whole secret or none.
    let draft = directory.appending(path: name + ".new")
    try? FileManager.default.removeItem(at: draft)
    guard
      FileManager.default.createFile(
        atPath: draft.path, contents: Data(fresh.utf8), attributes: [.posixPermissions: 0o600])
    else { throw CommandError("\(draft.path) cannot be written.") }
    guard rename(draft.path, file.path) == 0 else {
      throw CommandError("\(file.path): \(String(cString: strerror(errno)))")
    }
    return fresh
  }
}

enum Secret {
  /// 256 bits from the system's generator, as 43 characters that need no quoting.
  static func random(bytes count: Int = 32) -> String {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    return Data(bytes).base64EncodedString()
      .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
  }
}
