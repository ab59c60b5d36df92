// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Where the private servers of one data directory keep their files: `postgres/`, `redis/`, `run/` (sockets), `log/`.
///
/// Normally `<data directory>/services`. Two things move it elsewhere and leave a symbolic link there: a service account that
/// may not enter the data directory (root's home is closed to all others), and nothing else. Sockets move on their own
/// when their path would be too long for the kernel.
public struct ServiceHome: Sendable {
  public let directory: URL
  /// Holds the Unix sockets. Only the service account (and root) can enter it, which is what guards both servers.
  public let sockets: URL
  public let account: ServiceAccount?

  /// A socket's path must fit `sun_path`: 107 bytes and a NUL. The longest name in it is `.s.PGSQL.5432.lock`.
  static let maxSocketDirectoryBytes = 107 - "/.s.PGSQL.5432.lock".utf8.count

  public init(dataDirectory: URL) throws {
    account = try ServiceAccount.current()
    let files = FileManager.default
    let wanted = dataDirectory.appending(path: "services")
    try files.createDirectory(at: dataDirectory, withIntermediateDirectories: true)
    if let account, !account.canEnter(dataDirectory) {
      let elsewhere = URL(filePath: "/var/lib/onefold/\(Self.key(of: dataDirectory))")
      try files.createDirectory(at: elsewhere, withIntermediateDirectories: true)
      if (try? files.destinationOfSymbolicLink(atPath: wanted.path)) == nil {
        try files.createSymbolicLink(at: wanted, withDestinationURL: elsewhere)
      }
      directory = elsewhere
    } else {
      directory = wanted.resolvingSymlinksInPath()
    }
    let run = directory.appending(path: "run")
    sockets =
      run.path.utf8.count <= Self.maxSocketDirectoryBytes
      ? run : URL(filePath: "/tmp/onefold-\(Self.key(of: directory))")
    for place in [directory, directory.appending(path: "log"), sockets] { try makePrivate(place) }
  }

  /// Creates a directory that only the service account may enter.
  func makePrivate(_ place: URL) throws {
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    var status = stat()
    guard lstat(place.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw LocalServiceError("\(place.path) is not a directory.")
    }
    // Matters under /tmp, where someone else could have made it first.
    guard status.st_uid == geteuid() || status.st_uid == account?.uid else {
      throw LocalServiceError("\(place.path) belongs to somebody else (uid \(status.st_uid)).")
    }
    try account?.own(place.path)
    guard chmod(place.path, 0o700) == 0 else {
      throw LocalServiceError("\(place.path): \(LocalServiceError.lastSystemError)")
    }
  }

  /// A short name that stays the same for one directory (FNV-1a of its path).
  private static func key(of directory: URL) -> String {
    let hash = directory.resolvingSymlinksInPath().path.utf8
      .reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    return String(hash, radix: 36)
  }
}
