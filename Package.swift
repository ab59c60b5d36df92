// swift-tools-version:6.2
import PackageDescription

/// One list of settings for every target, so that no module is laxer than another.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
  .enableUpcomingFeature("ExistentialAny"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
  .enableUpcomingFeature("MemberImportVisibility"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
  .enableUpcomingFeature("InternalImportsByDefault"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

extension Target.Dependency {
  static let logging = product(name: "Logging", package: "swift-log")
  static let metrics = product(name: "Metrics", package: "swift-metrics")
  static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
  static let tracing = product(name: "Tracing", package: "swift-distributed-tracing")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioFoundationCompat = product(name: "NIOFoundationCompat", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioConcurrencyHelpers = product(name: "NIOConcurrencyHelpers", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
  static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
  static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
  static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
  static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
  static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
  static let hummingbirdTesting = product(name: "HummingbirdTesting", package: "hummingbird")
  static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
  static let jwtKit = product(name: "JWTKit", package: "jwt-kit")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let configuration = product(name: "Configuration", package: "swift-configuration")
  static let systemPackage = product(name: "SystemPackage", package: "swift-system")
  static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
}

let package = Package(
  name: "onefold",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "onefold", targets: ["onefold"]),
    .executable(name: "onefold-parser", targets: ["onefold-parser"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    // Level 1: C libraries, the domain, telemetry.
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CXCrypt", pkgConfig: "libxcrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"])]),
    .systemLibrary(name: "CPoppler", pkgConfig: "poppler-glib", providers: [.apt(["libpoppler-glib-dev"])]),
    .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
    .target(name: "Domain", swiftSettings: strict),
    .target(
      name: "Telemetry",
      dependencies: [
        .asyncHTTPClient, .coreMetrics, .lifecycle, .logging, .metrics, .nioCore, .nioHTTP1, .tracing,
      ],
      swiftSettings: strict),

    // Level 2: drivers, and pure compute.
    .target(
      name: "Postgres", dependencies: ["CLibpq", .logging, .metrics, .lifecycle],
      swiftSettings: strict),
    .target(
      name: "Redis", dependencies: ["CHiredis", .logging, .metrics, .lifecycle],
      swiftSettings: strict),
    .target(name: "Archives", dependencies: [.nioCore], swiftSettings: strict),
    .target(name: "DedupEngine", dependencies: ["CLZ4", "COpenSSL", "CZstd"], swiftSettings: strict),

    // Private Postgres and Redis as child processes: for `onefold up` and for tests.
    .target(name: "LocalServices", dependencies: [.logging, .lifecycle], swiftSettings: strict),
    .target(name: "LocalScan", dependencies: ["DedupEngine", "Parsing"], swiftSettings: strict),

    // Hostile formats are read in child processes, which are another program: what it is linked with, no other process has.
    .target(name: "Parsing", dependencies: ["DedupEngine", .nioPosix, .logging], swiftSettings: strict),
    .executableTarget(
      name: "onefold-parser",
      dependencies: ["CArchive", "CPoppler", "CSeccomp", "CVips", "CXML2", "DedupEngine", "Parsing"],
      swiftSettings: strict),

    // Level 3: the log, the bytes.
    .target(
      name: "EventStore",
      dependencies: [
        "DedupEngine", "Domain", "Postgres", "Redis", "Telemetry", .crypto, .logging, .metrics, .lifecycle, .tracing,
      ],
      swiftSettings: strict),
    .target(
      name: "BlobStore",
      dependencies: [
        "Domain", "DedupEngine", "Postgres", .asyncHTTPClient, .crypto, .nioCore, .nioHTTP1, .nioPosix, .logging,
        .metrics,
        .lifecycle,
      ],
      swiftSettings: strict),

    // Level 4: read models; people.
    .target(
      name: "Projections",
      dependencies: [
        "DedupEngine", "Domain", "EventStore", "Postgres", "Redis", "Telemetry", .logging, .metrics, .lifecycle,
        .tracing,
      ],
      swiftSettings: strict),
    .target(
      name: "Search",
      dependencies: [
        "DedupEngine", "Domain", "EventStore", "Postgres", "Projections", .asyncHTTPClient, .nioCore,
        .nioFoundationCompat, .nioHTTP1, .logging, .metrics, .lifecycle,
      ],
      swiftSettings: strict),
    .target(
      name: "Accounts",
      dependencies: [
        "BlobStore", "CXCrypt", "Domain", "EventStore", "Postgres", "Projections", .jwtKit, .crypto, .nioPosix,
        .logging, .metrics,
      ],
      swiftSettings: strict),

    // The log, the bytes and what stands beside them, in a directory, and back.
    .target(
      name: "Backup", dependencies: ["DedupEngine", "Domain", "Postgres", "Projections", .logging],
      swiftSettings: strict),

    // What administrators ask the log.
    .target(
      name: "Audit", dependencies: ["Domain", "EventStore", "Postgres", "Projections"], swiftSettings: strict),

    // What people decide about duplicates.
    .target(name: "Duplicates", dependencies: ["Domain", "EventStore"], swiftSettings: strict),

    // What people do to jobs and queues.
    .target(
      name: "Jobs",
      dependencies: ["Domain", "EventStore", "Postgres", "Projections", "Redis", .logging, .metrics, .lifecycle],
      swiftSettings: strict),

    // Level 5: siblings; they meet only through the log and Redis.
    .target(
      name: "Server",
      dependencies: [
        "Accounts", "Archives", "Audit", "BlobStore", "DedupEngine", "Domain", "Duplicates", "EventStore", "Jobs",
        "Parsing", "Postgres", "Projections", "Redis", "Telemetry", .hummingbird, .hummingbirdCore, .httpTypes,
        .nioCore,
        .nioPosix,
        .nioConcurrencyHelpers, .nioHTTP1, .nioWebSocket, .nioHTTPTypes, .nioHTTPTypesHTTP1,
        .logging, .metrics, .lifecycle, .tracing,
      ],
      // docs/openapi.yaml, by a link: the program serves its own description without a file beside it.
      resources: [.embedInCode("Resources/openapi.yaml")],
      swiftSettings: strict),
    .target(
      name: "Workers",
      dependencies: [
        "BlobStore", "DedupEngine", "Domain", "EventStore", "Parsing", "Postgres", "Projections", "Redis", "Telemetry",
        .nioPosix, .logging, .metrics, .lifecycle, .tracing,
      ],
      swiftSettings: strict),

    // Level 6: the executable.
    .executableTarget(
      name: "onefold",
      dependencies: [
        "Accounts", "Archives", "Audit", "Backup", "BlobStore", "CMalloc", "DedupEngine", "Domain", "EventStore",
        "Jobs",
        "LocalScan", "LocalServices", "Parsing", "Postgres", "Projections", "Redis", "Search", "Server", "Telemetry",
        "Workers",
        .argumentParser,
        .configuration,
        .asyncHTTPClient, .systemPackage, .nioCore, .nioFoundationCompat, .nioHTTP1, .nioPosix, .logging,
        .coreMetrics, .metrics, .lifecycle, .unixSignals,
      ],
      swiftSettings: strict),

    // What `make bench` measures of the modules alone; release builds only.
    .executableTarget(
      name: "onefold-bench",
      dependencies: [
        "BlobStore", "COpenSSL", "DedupEngine", "Domain", "EventStore", "LocalServices", "Parsing", "Postgres",
        "Projections", "Redis", "Workers", .argumentParser, .nioCore, .logging, .lifecycle,
      ],
      path: "Benchmarks/onefold-bench", swiftSettings: strict),

    // Tests of one module each, without services.
    .testTarget(name: "DomainTests", dependencies: ["Domain", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "TelemetryTests", dependencies: ["Telemetry", .coreMetrics, .logging, .tracing], swiftSettings: strict),
    .testTarget(name: "PostgresTests", dependencies: ["Postgres", "TestSupport", .coreMetrics], swiftSettings: strict),
    .testTarget(name: "RedisTests", dependencies: ["Redis", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "ArchivesTests", dependencies: ["Archives", "TestSupport", .nioCore], swiftSettings: strict),
    .testTarget(name: "DedupEngineTests", dependencies: ["DedupEngine", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "ParsingTests", dependencies: ["DedupEngine", "Parsing", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "LocalScanTests", dependencies: ["DedupEngine", "LocalScan", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "EventStoreTests", dependencies: ["DedupEngine", "Domain", "EventStore", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "BlobStoreTests", dependencies: ["BlobStore", "DedupEngine", "Domain", "TestSupport", .nioCore],
      swiftSettings: strict),
    .testTarget(
      name: "AccountsTests", dependencies: ["Accounts", "Domain", "EventStore", "TestSupport", .crypto, .jwtKit],
      swiftSettings: strict),
    .testTarget(
      name: "ProjectionsTests",
      dependencies: ["DedupEngine", "Domain", "EventStore", "Projections", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "SearchTests", dependencies: ["Search", .nioHTTP1], swiftSettings: strict),
    .testTarget(name: "AuditTests", dependencies: ["Audit", "Domain", "EventStore"], swiftSettings: strict),
    .testTarget(
      name: "WorkersTests",
      dependencies: ["BlobStore", "Domain", "EventStore", "Redis", "TestSupport", "Workers", .nioCore],
      swiftSettings: strict),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Accounts", "BlobStore", "Domain", "EventStore", "Redis", "Server", "Telemetry", "TestSupport", .hummingbird,
        .hummingbirdCore, .hummingbirdTesting, .httpTypes, .lifecycle, .logging, .nioCore, .nioEmbedded, .nioHTTP1,
        .nioHTTPTypes, .nioWebSocket,
      ],
      swiftSettings: strict),

    // Tests that start their own Postgres and Redis, one folder a module.
    .target(
      name: "TestSupport",
      dependencies: [
        "BlobStore", "Domain", "EventStore", "LocalServices", "Postgres", "Redis", .logging, .nioCore, .nioPosix,
      ],
      path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "Accounts", "Audit", "Backup", "BlobStore", "DedupEngine", "Domain", "EventStore", "Jobs", "LocalServices",
        "Parsing", "Postgres", "Projections", "Redis", "Server", "TestSupport", "Workers", .lifecycle, .logging,
        .nioCore,
      ],
      swiftSettings: strict),
  ]
)

// `make fuzz` builds this one alone, with libFuzzer's `main`.
if Context.environment["ONEFOLD_FUZZ"] != nil {
  package.products.append(.executable(name: "onefold-fuzz", targets: ["onefold-fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "onefold-fuzz",
      dependencies: ["Archives", "BlobStore", "DedupEngine", "Domain", "EventStore", "Projections", .nioCore],
      path: "Fuzz", exclude: ["corpus"], sources: ["FuzzTargets.swift"],
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
