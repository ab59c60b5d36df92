// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// `backup.json`: what belongs to a backup, and up to where. Written last and in one step: what it does not name is none of the backup.
public struct BackupManifest: Codable, Sendable, Equatable {
  public static let fileName = "backup.json"
  static let currentFormat = 1

  public var format = currentFormat
  /// Of the program that wrote it.
  public var version: String
  public var createdAt: Date
  /// The last event in it. Every blob that a file had at this position is in it, too.
  public var position: Int64
  /// When that event was appended: what happened later is lost with the installation.
  public var recordedAt: Date
  /// The ids of the first event and of the last one, by which an installation knows its backup again. Nil for an empty log.
  public var firstEvent: UUID?
  public var lastEvent: UUID?
  /// Migrations that had been applied.
  public var migrations: [String]
  /// Events, in order and without holes.
  public var segments: [Segment] = []
  /// What no event can rebuild, as it was at that position.
  public var tables: [Table] = []
  /// What the read tables were.
  public var projections: [ProjectionDigest] = []
  public var blobs = Blobs()
  /// True for an installation that keeps its bytes in a bucket, of which there are none here.
  public var contentsAreElsewhere: Bool?

  /// Rows of `COPY … (FORMAT binary)` in an LZ4 frame.
  public struct File: Codable, Sendable, Equatable {
    /// Below the backup's directory.
    public var path: String
    public var bytes: Int64
    /// Of the file as it lies there.
    public var sha256: String
    /// In their order.
    public var columns: [String]
  }

  public struct Segment: Codable, Sendable, Equatable {
    public var first: Int64
    public var last: Int64
    public var file: File
  }

  public struct Table: Codable, Sendable, Equatable {
    public var name: String
    public var file: File
  }

  public struct ProjectionDigest: Codable, Sendable, Equatable {
    public var name: String
    public var version: Int
    /// Up to which its tables had folded the log; at most ``BackupManifest/position``.
    public var position: Int64
    public var rows: Int64
    /// Over all of them.
    public var digest: String
  }

  public struct Blobs: Codable, Sendable, Equatable {
    public var files = 0
    public var bytes: Int64 = 0
  }
}

extension BackupManifest {
  /// Nil where there is none yet.
  /// - Throws: ``BackupError`` for one that cannot be read.
  public static func read(in directory: URL) throws -> BackupManifest? {
    let path = directory.appending(path: fileName).path
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
      let manifest = try decoder.decode(BackupManifest.self, from: Data(contentsOf: URL(filePath: path)))
      guard manifest.format == currentFormat else {
        throw BackupError("\(path) is of format \(manifest.format); this program knows \(currentFormat).")
      }
      return manifest
    } catch let error as DecodingError {
      throw BackupError("\(path) is no description of a backup: \(error)")
    }
  }

  func write(in directory: URL) throws {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try DurableFile.write(try encoder.encode(self), to: directory.appending(path: Self.fileName).path)
  }
}

/// Why a backup cannot be made or restored, for whoever asked.
public struct BackupError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
