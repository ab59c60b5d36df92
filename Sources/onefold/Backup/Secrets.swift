// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The secrets of a data directory, beside a backup.
enum Secrets {
  private static let name = "secrets"

  static func copy(from source: URL, to target: URL) throws {
    let (from, to) = (source.appending(path: name), target.appending(path: name))
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
    FileManager.default.fileExists(atPath: directory.appending(path: "\(name)/\(DataDirectory.keySecret)").path)
  }
}
