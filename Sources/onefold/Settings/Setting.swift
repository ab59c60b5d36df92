// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// One thing that can be configured: by flag, by environment variable, or in the file named with `--config`.
///
/// The list below is the only one: flags take their help from it, the loader its keys and defaults, and
/// `onefold settings` prints it as the table that stands in docs/operations.md.
struct Setting: Sendable {
  /// The place in the configuration file, parts joined by dots.
  let key: String
  let environment: String
  /// Without the leading dashes; nil for what must not appear in a process list.
  let flag: String?
  let fallback: String
  let help: String

  init(_ key: String, environment: String, flag: String?, fallback: String = "", help: String) {
    self.key = key
    self.environment = environment
    self.flag = flag
    self.fallback = fallback
    self.help = help
  }

  static let databaseURL = Setting(
    "database.url", environment: "DATABASE_URL", flag: "database-url",
    help: "Postgres 15 or later, as a libpq URL. `up` starts its own when this is empty.")
  static let databaseOwnerURL = Setting(
    "database.ownerUrl", environment: "DATABASE_OWNER_URL", flag: nil,
    help: "The same database as the owner of its schema, for migrations. Empty: the same as the other.")
  static let databasePoolSize = Setting(
    "database.poolSize", environment: "DATABASE_POOL_SIZE", flag: "database-pool-size", fallback: "12",
    help: "Connections to Postgres that one process may hold.")
  static let redisURL = Setting(
    "redis.url", environment: "REDIS_URL", flag: "redis-url",
    help: "Redis 7, as redis://host:port/db or unix:///path. `up` starts its own when this is empty.")
  static let openSearchURL = Setting(
    "opensearch.url", environment: "OPENSEARCH_URL", flag: nil,
    help:
      "project, work, up: OpenSearch 2 or 3, as https://user:password@host:9200, in which similar contents are looked up. Empty: in Postgres."
  )
  static let openSearchAlias = Setting(
    "opensearch.alias", environment: "ONEFOLD_OPENSEARCH_ALIAS", flag: "opensearch-alias",
    fallback: "onefold-similarity",
    help: "The name that is asked there. Indexes are named after it.")
  static let dataDirectory = Setting(
    "onefold.dataDir", environment: "ONEFOLD_DATA_DIR", flag: "data-dir", fallback: ".onefold",
    help: "Where `up` keeps everything: blobs, secrets, and the private Postgres and Redis.")
  static let blobsDirectory = Setting(
    "onefold.blobsDir", environment: "ONEFOLD_BLOBS_DIR", flag: "blobs-dir",
    help:
      "Where the bytes are kept, on one file system that servers and workers share. Empty: blobs in the data directory. With a bucket: where they are on their way, of each machine alone."
  )
  static let s3Endpoint = Setting(
    "s3.endpoint", environment: "ONEFOLD_S3_ENDPOINT", flag: nil,
    help:
      "Keep the bytes in a bucket of this S3-compatible service, such as https://s3.example.org:9000. Empty: in the directory."
  )
  static let s3Bucket = Setting(
    "s3.bucket", environment: "ONEFOLD_S3_BUCKET", flag: nil, fallback: "onefold",
    help: "The bucket, which must be there.")
  static let s3Prefix = Setting(
    "s3.prefix", environment: "ONEFOLD_S3_PREFIX", flag: nil,
    help: "Before the names of all objects: one for each installation that uses the bucket.")
  static let s3Region = Setting(
    "s3.region", environment: "ONEFOLD_S3_REGION", flag: nil, fallback: "us-east-1",
    help: "The region that requests are signed for.")
  static let s3AccessKey = Setting(
    "s3.accessKey", environment: "AWS_ACCESS_KEY_ID", flag: nil, help: "Who asks the service.")
  static let s3SecretKey = Setting(
    "s3.secretKey", environment: "AWS_SECRET_ACCESS_KEY", flag: nil, help: "What requests to it are signed with.")
  static let host = Setting(
    "onefold.host", environment: "ONEFOLD_HOST", flag: "host", fallback: "127.0.0.1",
    help: "The address to listen on; 0.0.0.0 for all.")
  static let port = Setting(
    "onefold.port", environment: "ONEFOLD_PORT", flag: "port", fallback: "8080",
    help: "The port to listen on; 0 lets the system choose.")
  static let metricsPort = Setting(
    "onefold.metricsPort", environment: "ONEFOLD_METRICS_PORT", flag: "metrics-port",
    help: "work, project, relay: the port of /metrics, /healthz and /readyz. Empty: none.")
  static let readyLag = Setting(
    "onefold.readyLag", environment: "ONEFOLD_READY_LAG", flag: "ready-lag", fallback: "5m",
    help: "/readyz fails while read tables are further behind the log (s, m, h, d); off: it does not look.")
  static let dashboardDirectory = Setting(
    "onefold.dashboardDir", environment: "ONEFOLD_DASHBOARD_DIR", flag: "dashboard-dir",
    help: "The built dashboard. Empty: beside the program (../share/onefold/dashboard) or in the source tree.")
  static let migrationsDirectory = Setting(
    "onefold.migrationsDir", environment: "ONEFOLD_MIGRATIONS_DIR", flag: "migrations-dir",
    help: "The migrations. Empty: beside the program (../share/onefold/migrations) or in the source tree.")
  static let tokenSecret = Setting(
    "onefold.tokenSecret", environment: "ONEFOLD_TOKEN_SECRET", flag: nil,
    help: "Signs access tokens; 32 bytes or more, the same on every server. `up` makes its own in the data directory.")
  static let previousTokenSecret = Setting(
    "onefold.previousTokenSecret", environment: "ONEFOLD_PREVIOUS_TOKEN_SECRET", flag: nil,
    help: "While secrets are changed over: tokens signed with it are still accepted.")
  static let keySecret = Setting(
    "onefold.keySecret", environment: "ONEFOLD_KEY_SECRET", flag: nil,
    help:
      "Wraps the keys of personal data; 32 bytes or more, the same for all roles. Back it up apart from the database: without it names and paths are lost. `up` makes its own in the data directory."
  )
  static let registration = Setting(
    "onefold.registration", environment: "ONEFOLD_REGISTRATION", flag: "registration", fallback: "open",
    help: "open: anyone who reaches the server may register; closed: nobody.")
  static let defaultQuota = Setting(
    "onefold.defaultQuota", environment: "ONEFOLD_DEFAULT_QUOTA", flag: "default-quota", fallback: "100GB",
    help: "Logical bytes a new account may hold (kB, MB, GB, TB, KiB, MiB, GiB, TiB).")
  static let maxUpload = Setting(
    "onefold.maxUpload", environment: "ONEFOLD_MAX_UPLOAD", flag: "max-upload", fallback: "64GB",
    help: "The largest file that is taken.")
  static let compression = Setting(
    "onefold.compression", environment: "ONEFOLD_COMPRESSION", flag: "compression", fallback: "lz4",
    help:
      "How new chunks are kept: lz4 (the quickest), zstd (smaller; level 3), or zstd-1 to zstd-19. What is kept stays as it is, and is read whatever this says."
  )
  static let reclaimGrace = Setting(
    "onefold.reclaimGrace", environment: "ONEFOLD_RECLAIM_GRACE", flag: "reclaim-grace", fallback: "3600",
    help:
      "Seconds that bytes without a file are kept before they are removed: longer than any upload takes from its last byte to its answer."
  )
  static let scrubInterval = Setting(
    "onefold.scrubInterval", environment: "ONEFOLD_SCRUB_INTERVAL", flag: "scrub-interval", fallback: "30d",
    help: "Within which time all that is kept is read once and checked (s, m, h, d); off: never.")
  static let allowedOrigins = Setting(
    "onefold.allowedOrigins", environment: "ONEFOLD_ALLOWED_ORIGINS", flag: "allowed-origins",
    help: "Origins, separated by commas, whose pages may open the WebSocket besides the server's own.")
  static let trashRetention = Setting(
    "onefold.trashRetention", environment: "ONEFOLD_TRASH_RETENTION", flag: "trash-retention", fallback: "off",
    help:
      "up, work: how long files stay in the trash before they are removed for good (s, m, h, d); off: until somebody removes them."
  )
  static let jobRetention = Setting(
    "onefold.jobRetention", environment: "ONEFOLD_JOB_RETENTION", flag: "job-retention", fallback: "30d",
    help:
      "up, work: how long finished jobs are listed (s, m, h, d); off: for ever. Dead letters stay, and so does what the log has."
  )
  static let answerRetention = Setting(
    "onefold.answerRetention", environment: "ONEFOLD_ANSWER_RETENTION", flag: "answer-retention", fallback: "24h",
    help: "How long the answer to a write with an Idempotency-Key is kept for its repetition (s, m, h, d).")
  static let behindTLS = Setting(
    "onefold.behindTls", environment: "ONEFOLD_BEHIND_TLS", flag: "behind-tls", fallback: "no",
    help: "yes: a proxy before the server ends TLS, so cookies are Secure and browsers are told to insist on it.")
  static let trustForwardedFor = Setting(
    "onefold.trustForwardedFor", environment: "ONEFOLD_TRUST_FORWARDED_FOR", flag: "trust-forwarded-for",
    fallback: "no",
    help: "yes: the last address in X-Forwarded-For is the client's. Only right behind a proxy that sets it.")
  static let concurrency = Setting(
    "onefold.concurrency", environment: "ONEFOLD_CONCURRENCY", flag: "concurrency", fallback: "128",
    help: "Jobs that one worker process holds at the same time.")
  static let classes = Setting(
    "onefold.classes", environment: "ONEFOLD_CLASSES", flag: "class", fallback: "admin,interactive,bulk",
    help: "Job classes that a worker takes.")
  static let onPoison = Setting(
    "onefold.onPoison", environment: "ONEFOLD_ON_POISON", flag: "on-poison", fallback: "park",
    help:
      "An event that a read table cannot take. park: it is listed with its error and passed by; stop: that table waits before it."
  )
  static let rollbackWindow = Setting(
    "onefold.rollbackWindow", environment: "ONEFOLD_ROLLBACK_WINDOW", flag: "rollback-window", fallback: "24h",
    help: "How long the tables are kept that a replay has replaced (s, m, h, d).")
  static let adminEmail = Setting(
    "onefold.adminEmail", environment: "ONEFOLD_ADMIN_EMAIL", flag: "admin-email", fallback: "admin@onefold.local",
    help: "The administrator that the first start creates.")
  static let adminPassword = Setting(
    "onefold.adminPassword", environment: "ONEFOLD_ADMIN_PASSWORD", flag: nil,
    help: "Its first password. Empty: one is made and printed once.")
  static let sealKeyFile = Setting(
    "onefold.sealKeyFile", environment: "ONEFOLD_SEAL_KEY_FILE", flag: "seal-key-file",
    help:
      "up, project, seal: the private key that signs seals. `up` makes its own in the data directory. Empty elsewhere: no sealing."
  )
  static let nextSealKeyFile = Setting(
    "onefold.nextSealKeyFile", environment: "ONEFOLD_NEXT_SEAL_KEY_FILE", flag: "next-seal-key-file",
    help: "While keys are changed over: the key that the next seal appoints, and that signs from then on.")
  static let sealsFile = Setting(
    "onefold.sealsFile", environment: "ONEFOLD_SEALS_FILE", flag: "seals-file",
    help:
      "The second place of the seals: a file to which each is added as it is made. `up` keeps seals.ndjson in the data directory."
  )
  static let sealEvents = Setting(
    "onefold.sealEvents", environment: "ONEFOLD_SEAL_EVENTS", flag: "seal-events", fallback: "1000",
    help: "Seal as soon as this many events are not sealed.")
  static let sealSeconds = Setting(
    "onefold.sealSeconds", environment: "ONEFOLD_SEAL_SECONDS", flag: "seal-seconds", fallback: "60",
    help: "Seal as soon as the oldest event that is not sealed is this old, in seconds.")
  static let logLevel = Setting(
    "onefold.logLevel", environment: "ONEFOLD_LOG_LEVEL", flag: "log-level", fallback: "info",
    help: "trace, debug, info, notice, warning, error or critical.")
  static let logFormat = Setting(
    "onefold.logFormat", environment: "ONEFOLD_LOG_FORMAT", flag: "log-format", fallback: "auto",
    help: "auto: text on a terminal, JSON elsewhere; or text, or json.")

  static let all = [
    databaseURL, databaseOwnerURL, databasePoolSize, redisURL, openSearchURL, openSearchAlias, dataDirectory,
    blobsDirectory, s3Endpoint, s3Bucket, s3Prefix, s3Region, s3AccessKey, s3SecretKey, host, port, metricsPort,
    readyLag, dashboardDirectory, migrationsDirectory, tokenSecret,
    previousTokenSecret,
    keySecret, registration,
    defaultQuota, maxUpload, compression, reclaimGrace, scrubInterval, answerRetention, trashRetention, jobRetention,
    allowedOrigins,
    behindTLS,
    trustForwardedFor,
    concurrency,
    classes, onPoison, rollbackWindow, adminEmail, adminPassword, sealKeyFile, nextSealKeyFile, sealsFile, sealEvents,
    sealSeconds, logLevel, logFormat,
  ]

  /// The table of docs/operations.md.
  static var table: String {
    let rows = all.map { setting in
      "| `\(setting.key)` | \(setting.flag.map { "`--\($0)`" } ?? "–") | `\(setting.environment)` | "
        + "\(setting.fallback.isEmpty ? "–" : "`\(setting.fallback)`") | \(setting.help) |"
    }
    return (["| file | flag | environment | default | meaning |", "| --- | --- | --- | --- | --- |"] + rows)
      .joined(separator: "\n")
  }

  /// The same of the variables that OpenTelemetry gives.
  static var telemetryTable: String {
    let rows = OTLPConfiguration.variables.map { name, fallback, meaning in
      "| `\(name)` | \(fallback.isEmpty ? "–" : "`\(fallback)`") | \(meaning) |"
    }
    return (["| environment | default | meaning |", "| --- | --- | --- |"] + rows).joined(separator: "\n")
  }
}
