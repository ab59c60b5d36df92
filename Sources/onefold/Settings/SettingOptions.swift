// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

extension NameSpecification {
  static func setting(_ setting: Setting) -> NameSpecification { .customLong(setting.flag ?? setting.key) }
}

extension ArgumentHelp {
  static func setting(_ setting: Setting, value: String) -> ArgumentHelp {
    let fallback = setting.fallback.isEmpty ? "" : " (default: \(setting.fallback))"
    return ArgumentHelp("\(setting.help)\(fallback)", valueName: value)
  }
}

/// Flags that every role takes.
struct CommonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A JSON file with settings.", valueName: "file"))
  var config: String?
  @Option(name: .setting(.dataDirectory), help: .setting(.dataDirectory, value: "dir"))
  var dataDirectory: String?
  @Option(name: .setting(.blobsDirectory), help: .setting(.blobsDirectory, value: "dir"))
  var blobsDirectory: String?
  @Option(name: .setting(.migrationsDirectory), help: .setting(.migrationsDirectory, value: "dir"))
  var migrationsDirectory: String?
  @Option(name: .setting(.databaseURL), help: .setting(.databaseURL, value: "url"))
  var databaseURL: String?
  @Option(name: .setting(.databasePoolSize), help: .setting(.databasePoolSize, value: "n"))
  var databasePoolSize: String?
  @Option(name: .setting(.redisURL), help: .setting(.redisURL, value: "url"))
  var redisURL: String?
  @Option(name: .setting(.scrubInterval), help: .setting(.scrubInterval, value: "duration"))
  var scrubInterval: String?
  @Option(name: .setting(.compression), help: .setting(.compression, value: "form"))
  var compression: String?
  @Option(name: .setting(.openSearchAlias), help: .setting(.openSearchAlias, value: "name"))
  var openSearchAlias: String?
  @Option(name: .setting(.logLevel), help: .setting(.logLevel, value: "level"))
  var logLevel: String?
  @Option(name: .setting(.logFormat), help: .setting(.logFormat, value: "format"))
  var logFormat: String?

  var flags: [(Setting, String?)] {
    [
      (.dataDirectory, dataDirectory), (.blobsDirectory, blobsDirectory), (.migrationsDirectory, migrationsDirectory),
      (.databaseURL, databaseURL), (.databasePoolSize, databasePoolSize), (.redisURL, redisURL),
      (.scrubInterval, scrubInterval), (.compression, compression), (.openSearchAlias, openSearchAlias),
      (.logLevel, logLevel), (.logFormat, logFormat),
    ]
  }

  /// The settings of a command that takes these flags and `more`.
  func settings(_ more: [(Setting, String?)] = []) async throws -> Settings {
    var given: [String: String] = [:]
    for (setting, value) in flags + more {
      if let value { given[setting.key] = value }
    }
    return try await Settings.load(flags: given, file: config)
  }
}

/// Flags of the roles that serve HTTP to users.
struct ServeOptions: ParsableArguments {
  @Option(name: .setting(.host), help: .setting(.host, value: "address"))
  var host: String?
  @Option(name: .setting(.port), help: .setting(.port, value: "port"))
  var port: String?
  @Option(name: .setting(.dashboardDirectory), help: .setting(.dashboardDirectory, value: "dir"))
  var dashboardDirectory: String?
  @Option(name: .setting(.registration), help: .setting(.registration, value: "open|closed"))
  var registration: String?
  @Option(name: .setting(.defaultQuota), help: .setting(.defaultQuota, value: "size"))
  var defaultQuota: String?
  @Option(name: .setting(.maxUpload), help: .setting(.maxUpload, value: "size"))
  var maxUpload: String?
  @Option(name: .setting(.reclaimGrace), help: .setting(.reclaimGrace, value: "seconds"))
  var reclaimGrace: String?
  @Option(name: .setting(.answerRetention), help: .setting(.answerRetention, value: "duration"))
  var answerRetention: String?
  @Option(name: .setting(.allowedOrigins), help: .setting(.allowedOrigins, value: "origins"))
  var allowedOrigins: String?
  @Option(name: .setting(.behindTLS), help: .setting(.behindTLS, value: "yes|no"))
  var behindTLS: String?
  @Option(name: .setting(.trustForwardedFor), help: .setting(.trustForwardedFor, value: "yes|no"))
  var trustForwardedFor: String?

  var flags: [(Setting, String?)] {
    [
      (.host, host), (.port, port), (.dashboardDirectory, dashboardDirectory), (.registration, registration),
      (.defaultQuota, defaultQuota), (.maxUpload, maxUpload), (.reclaimGrace, reclaimGrace),
      (.answerRetention, answerRetention), (.allowedOrigins, allowedOrigins),
      (.behindTLS, behindTLS), (.trustForwardedFor, trustForwardedFor),
    ]
  }
}

/// Flags of the roles that run jobs.
struct WorkOptions: ParsableArguments {
  @Option(name: .setting(.concurrency), help: .setting(.concurrency, value: "n"))
  var concurrency: String?
  @Option(name: .setting(.classes), help: .setting(.classes, value: "classes"))
  var classes: String?
  @Option(name: .setting(.trashRetention), help: .setting(.trashRetention, value: "duration"))
  var trashRetention: String?
  @Option(name: .setting(.jobRetention), help: .setting(.jobRetention, value: "duration"))
  var jobRetention: String?

  var flags: [(Setting, String?)] {
    [
      (.concurrency, concurrency), (.classes, classes), (.trashRetention, trashRetention),
      (.jobRetention, jobRetention),
    ]
  }
}

/// Flags of the roles that keep the read tables.
struct ProjectOptions: ParsableArguments {
  @Option(name: .setting(.onPoison), help: .setting(.onPoison, value: "park|stop"))
  var onPoison: String?
  @Option(name: .setting(.rollbackWindow), help: .setting(.rollbackWindow, value: "time"))
  var rollbackWindow: String?

  var flags: [(Setting, String?)] { [(.onPoison, onPoison), (.rollbackWindow, rollbackWindow)] }
}

/// The flag of the roles that serve nothing but their own health.
struct OperationsOptions: ParsableArguments {
  @Option(name: .setting(.metricsPort), help: .setting(.metricsPort, value: "port"))
  var metricsPort: String?

  @Option(name: .setting(.readyLag), help: .setting(.readyLag, value: "duration"))
  var readyLag: String?

  var flags: [(Setting, String?)] { [(.metricsPort, metricsPort), (.readyLag, readyLag)] }
}

/// Flags of what seals the log.
struct SealOptions: ParsableArguments {
  @Option(name: .setting(.sealKeyFile), help: .setting(.sealKeyFile, value: "file"))
  var sealKeyFile: String?
  @Option(name: .setting(.nextSealKeyFile), help: .setting(.nextSealKeyFile, value: "file"))
  var nextSealKeyFile: String?
  @Option(name: .setting(.sealsFile), help: .setting(.sealsFile, value: "file"))
  var sealsFile: String?
  @Option(name: .setting(.sealEvents), help: .setting(.sealEvents, value: "n"))
  var sealEvents: String?
  @Option(name: .setting(.sealSeconds), help: .setting(.sealSeconds, value: "seconds"))
  var sealSeconds: String?

  var flags: [(Setting, String?)] {
    [
      (.sealKeyFile, sealKeyFile), (.nextSealKeyFile, nextSealKeyFile), (.sealsFile, sealsFile),
      (.sealEvents, sealEvents), (.sealSeconds, sealSeconds),
    ]
  }
}
