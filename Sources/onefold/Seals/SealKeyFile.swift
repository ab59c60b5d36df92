// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Glibc

/// Seal keys as files that their owner alone may read.
enum SealKeyFile {
  /// - Throws: when the file cannot be read, is no key, or is open to others.
  static func read(_ path: String) throws -> SealKey {
    var status = stat()
    guard stat(path, &status) == 0, let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw CommandError("The seal key \(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw CommandError("The seal key \(path) can be read by others: chmod 600 \(path)")
    }
    do { return try SealKey(text: text) } catch { throw CommandError("\(path): \(error)") }
  }

  /// Writes a new key to a file that must not exist.
  static func create(_ path: String) throws -> SealKey {
    let key = SealKey()
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CommandError("\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    let text = Array((key.text + "\n").utf8)
    guard write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0 else {
      throw CommandError("\(path): \(String(cString: strerror(errno)))")
    }
    return key
  }
}

extension Settings {
  /// The keys that this process seals with; nil when none is configured. `up` makes one in the data directory.
  func sealKeys() throws -> SealKeys? {
    let made = dataDirectory.appending(path: DataDirectory.sealKeyPath).path
    guard let path = sealKeyFile ?? (FileManager.default.fileExists(atPath: made) ? made : nil) else { return nil }
    return SealKeys(current: try SealKeyFile.read(path), next: try nextSealKeyFile.map(SealKeyFile.read))
  }

  var sealPolicy: SealPolicy { SealPolicy(events: Int64(sealEvents), interval: .seconds(sealSeconds)) }
}
