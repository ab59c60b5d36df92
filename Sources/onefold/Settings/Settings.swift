// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Configuration
import DedupEngine
import Domain
import Foundation
import Logging
import Projections
import Search
import SystemPackage

/// Every setting of one process, read once at its start and passed down as plain values.
struct Settings: Sendable {
  var databaseURL: String?
  var databaseOwnerURL: String?
  var databasePoolSize: Int
  var redisURL: String?
  var openSearch: OpenSearchConfiguration?
  var openSearchAlias: String
  var dataDirectory: URL
  var blobsDirectory: URL
  /// Nil: the bytes are in ``blobsDirectory``.
  var s3: S3Configuration?
  var host: String
  var port: Int
  var metricsPort: Int?
  /// Nil for any.
  var readyLag: Duration?
  var dashboardDirectory: URL?
  var migrationsDirectory: URL
  var tokenSecret: String?
  var previousTokenSecret: String?
  var keySecret: String?
  var registrationIsOpen: Bool
  var defaultQuotaBytes: Int64
  var maxUploadBytes: Int64
  var compression: ChunkCompression
  var reclaimGrace: Duration
  /// Nil for never.
  var scrubInterval: Duration?
  var answerRetention: Duration
  /// Nil: what is in the trash stays there.
  var trashRetention: Duration?
  /// Nil: finished jobs are listed for ever.
  var jobRetention: Duration?
  var allowedOrigins: [String]
  var isBehindTLS: Bool
  var trustsForwardedFor: Bool
  var concurrency: Int
  var classes: [JobClass]
  var onPoison: PoisonPolicy
  var rollbackWindow: Duration
  var adminEmail: String
  var adminPassword: String?
  var sealKeyFile: String?
  var nextSealKeyFile: String?
  var sealsFile: String?
  var sealEvents: Int
  var sealSeconds: Int
  var logLevel: Logger.Level
  var logFormat: LogFormat

  enum LogFormat: String { case auto, text, json }

  /// Flags win over the environment, the environment over the file, the file over defaults.
  ///
  /// - Parameters:
  ///   - flags: what was given on the command line, by key.
  ///   - file: a JSON file; nil for none.
  static func load(
    flags: [String: String], file: String?,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws -> Settings {
    // By the names that the table of settings gives: those that a library would derive from the keys are not all as others know them.
    let variables = Setting.all.reduce(into: [String: String]()) { values, setting in
      if let value = environment[setting.environment], !value.isEmpty { values[setting.key] = value }
    }
    var providers: [any ConfigProvider] = [
      InMemoryProvider(name: "flags", values: Self.values(flags)),
      InMemoryProvider(name: "environment", values: Self.values(variables)),
    ]
    if let file {
      do {
        providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(file)))
      } catch {
        throw CommandError("The configuration file \(file) cannot be used: \(error)")
      }
    }
    return try Settings(Values(reader: ConfigReader(providers: providers)))
  }

  private static func values(_ texts: [String: String]) -> [AbsoluteConfigKey: ConfigValue] {
    Dictionary(
      uniqueKeysWithValues: texts.map { key, text in
        (AbsoluteConfigKey(key.split(separator: ".").map(String.init)), ConfigValue(.string(text), isSecret: true))
      })
  }

  private init(_ values: Values) throws {
    databaseURL = values.text(.databaseURL)
    databaseOwnerURL = values.text(.databaseOwnerURL) ?? databaseURL
    databasePoolSize = try values.number(.databasePoolSize, in: 2...500)
    redisURL = values.text(.redisURL)
    let alias = values.text(.openSearchAlias) ?? ""
    openSearchAlias = alias
    openSearch = try values.text(.openSearchURL).map { url in
      do {
        return try OpenSearchConfiguration(url: url, alias: alias)
      } catch let error as OpenSearchConfiguration.Invalid {
        throw CommandError(error.description)
      }
    }
    dataDirectory = URL(filePath: values.text(.dataDirectory) ?? ".onefold").standardizedFileURL
    blobsDirectory = values.text(.blobsDirectory).map { URL(filePath: $0) } ?? dataDirectory.appending(path: "blobs")
    s3 = try values.text(.s3Endpoint).map { endpoint in
      do {
        return try S3Configuration(
          endpoint: endpoint, bucket: values.text(.s3Bucket) ?? "", prefix: values.text(.s3Prefix) ?? "",
          region: values.text(.s3Region) ?? "", accessKey: values.text(.s3AccessKey) ?? "",
          secretKey: values.text(.s3SecretKey) ?? "")
      } catch {
        throw CommandError("The S3 settings cannot be used: \(error).")
      }
    }
    host = values.text(.host) ?? "127.0.0.1"
    port = try values.number(.port, in: 0...65535)
    metricsPort = try values.text(.metricsPort).map { _ in try values.number(.metricsPort, in: 0...65535) }
    readyLag = values.text(.readyLag) == "off" ? nil : try values.duration(.readyLag)
    dashboardDirectory = try Self.directory(
      values, .dashboardDirectory, installed: "dashboard", source: "dashboard/dist", mustExist: false)
    migrationsDirectory =
      try Self.directory(values, .migrationsDirectory, installed: "migrations", source: "migrations", mustExist: true)
      ?? URL(filePath: "migrations")
    tokenSecret = values.text(.tokenSecret)
    previousTokenSecret = values.text(.previousTokenSecret)
    keySecret = values.text(.keySecret)
    registrationIsOpen = try values.choice(.registration, ["open": true, "closed": false])
    defaultQuotaBytes = try values.bytes(.defaultQuota)
    maxUploadBytes = try values.bytes(.maxUpload)
    compression = try values.oneOf(.compression, values.text(.compression) ?? "", ChunkCompression.self)
    reclaimGrace = .seconds(try values.number(.reclaimGrace, in: 0...31_536_000))
    scrubInterval = values.text(.scrubInterval) == "off" ? nil : try values.duration(.scrubInterval)
    trashRetention = values.text(.trashRetention) == "off" ? nil : try values.duration(.trashRetention)
    jobRetention = values.text(.jobRetention) == "off" ? nil : try values.duration(.jobRetention)
    answerRetention = try values.duration(.answerRetention)
    allowedOrigins = values.list(.allowedOrigins)
    isBehindTLS = try values.choice(.behindTLS, ["yes": true, "no": false])
    trustsForwardedFor = try values.choice(.trustForwardedFor, ["yes": true, "no": false])
    concurrency = try values.number(.concurrency, in: 1...1024)
    classes = try values.list(.classes).map { try values.oneOf(.classes, $0, JobClass.self) }
    onPoison = try values.oneOf(.onPoison, values.text(.onPoison) ?? "", PoisonPolicy.self)
    rollbackWindow = try values.duration(.rollbackWindow)
    adminEmail = values.text(.adminEmail) ?? ""
    adminPassword = values.text(.adminPassword)
    sealKeyFile = values.text(.sealKeyFile)
    nextSealKeyFile = values.text(.nextSealKeyFile)
    sealsFile = values.text(.sealsFile)
    sealEvents = try values.number(.sealEvents, in: 1...1_000_000)
    sealSeconds = try values.number(.sealSeconds, in: 1...86_400)
    logLevel = try values.oneOf(.logLevel, values.text(.logLevel) ?? "", Logger.Level.self)
    logFormat = try values.oneOf(.logFormat, values.text(.logFormat) ?? "", LogFormat.self)
  }

  /// What was named; else beside the installed program; else in the source tree that the program was built in.
  private static func directory(
    _ values: Values, _ setting: Setting, installed: String, source: String, mustExist: Bool
  ) throws -> URL? {
    if let named = values.text(setting) { return URL(filePath: named) }
    let program = URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ".")
    var places = [
      program.deletingLastPathComponent().appending(path: "../share/onefold/\(installed)").standardizedFileURL
    ]
    var parent = program.deletingLastPathComponent()
    while parent.path != "/" {
      if FileManager.default.fileExists(atPath: parent.appending(path: "Package.swift").path) {
        places.append(parent.appending(path: source))
        break
      }
      parent.deleteLastPathComponent()
    }
    if let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) { return found }
    guard mustExist else { return nil }
    throw CommandError(
      "The \(installed) are not at \(places.map(\.path).joined(separator: " or ")): set \(setting.environment).")
  }
}
