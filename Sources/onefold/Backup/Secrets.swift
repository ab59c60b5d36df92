// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The secrets of a data directory, beside a backup.
enum Secrets {
  private static let name = "secrets"

  /// The place of the secrets in a data directory, and in a backup that has them.
  static func place(in directory: URL) -> URL { directory.appending(path: name) }

  /// - Parameter from: the directory with the secrets themselves.
  static func copy(from: URL, to target: URL) throws {
    let to = place(in: target)
    guard FileManager.default.fileExists(atPath: from.path) else {
      throw CommandError("\(from.path) is not there: roles that run apart have their secrets in the environment.")
    }
    try FileManager.default.createDirectory(
      at: to, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for file in try FileManager.default.contentsOfDirectory(at: from, includingPropertiesForKeys: nil) {
      let place = to.appending(path: file.lastPathComponent)
      try? FileManager.default.removeItem(at: place)
      guard
        FileManager.default.createFile(
          atPath: place.path, contents: try Data(contentsOf: file), attributes: [.posixPermissions: 0o600])
      else { throw CommandError("\(place.path) cannot be written.") }
    }
  }

  static func areThere(in directory: URL) -> Bool {
    FileManager.default.fileExists(atPath: place(in: directory).appending(path: DataDirectory.keySecret).path)
  }
}
