// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the private servers of a data directory are, written by whoever started them, so that other commands
/// on this machine find them without being told.
struct ServicePlaces: Codable {
  let databaseURL: String
  let databaseOwnerURL: String
  let redisURL: String
  /// The server's own address, when there is one.
  var serverURL: String?

  private static func file(_ dataDirectory: URL) -> URL { dataDirectory.appending(path: "services.json") }

  func write(to dataDirectory: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: Self.file(dataDirectory), options: .atomic)
  }

  static func read(from dataDirectory: URL) -> ServicePlaces? {
    guard let data = try? Data(contentsOf: file(dataDirectory)) else { return nil }
    return try? JSONDecoder().decode(ServicePlaces.self, from: data)
  }

  static func remove(from dataDirectory: URL) {
    try? FileManager.default.removeItem(at: file(dataDirectory))
  }
}

extension Settings {
  /// These settings, with the private servers and the secret of the data directory where none were named.
  func findingServices() -> Settings {
    guard databaseURL == nil || redisURL == nil, let places = ServicePlaces.read(from: dataDirectory) else {
      return self
    }
    var found = self
    if keySecret == nil { found.keySecret = DataDirectory.secret(DataDirectory.keySecret, in: dataDirectory) }
    if found.databaseURL == nil {
      found.databaseURL = places.databaseURL
      found.databaseOwnerURL = places.databaseOwnerURL
    }
    if found.redisURL == nil { found.redisURL = places.redisURL }
    return found
  }
}
