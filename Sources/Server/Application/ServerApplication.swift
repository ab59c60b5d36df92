// SPDX-License-Identifier: Apache-2.0

import Audit
import BlobStore
import Duplicates
import EventStore
import Hummingbird
import Jobs
public import Logging
import NIOCore
import Postgres
import Projections
public import ServiceLifecycle

/// The HTTP and WebSocket server: the API under `/api/v1`, what machines ask, and the dashboard. This module alone knows HTTP.
public struct ServerApplication: Sendable {
  private let feed: LiveFeed
  private let rebuilds: RebuildFeed
  private let http: HTTPService
  /// For answers about the past: two at a time, and live reads wait for none of them.
  private let past: PostgresPool

  /// - Parameter onRunning: called with the port once connections are taken.
  /// - Throws: when the dashboard's files cannot be read.
  public init(
    _ configuration: ServerConfiguration, _ dependencies: ServerDependencies,
    onRunning: @escaping @Sendable (Int) async -> Void = { _ in }, logger: Logger
  ) throws {
    let past = PostgresPool(
      configuration: dependencies.pool.configuration, size: 2, name: "past", logger: logger)
    self.past = past
    feed = LiveFeed(source: Self.liveSource(dependencies), logger: logger)
    rebuilds = RebuildFeed(board: RebuildBoard(pool: dependencies.pool), feed: feed, logger: logger)
    let live = LiveController(allowedOrigins: Set(configuration.allowedOrigins.map { $0.lowercased() }))
    var limits = LiveConnection.Limits()
    limits.heartbeat = configuration.liveHeartbeat
    let endpoint = LiveEndpoint(
      feed: feed, tokens: dependencies.tokens, controller: live, limits: limits, logger: logger)
    let dashboard = try configuration.dashboardDirectory.flatMap { try StaticFiles(directory: $0) }
    let router = RouterStack.router(
      requestLogLevel: configuration.requestLogLevel, behindTLS: configuration.isBehindTLS
    ) { routes in
      let api = routes.group("api/v1")
      let throttle = LoginThrottle(configuration.loginLimits, trustsForwardedFor: configuration.trustsForwardedFor)
      Self.addPublicRoutes(to: api, throttle, configuration, dependencies)
      live.addRoutes(to: api)
      Self.addSignedInRoutes(to: api, throttle, configuration, dependencies, past: past)
      OperationsController(readiness: dependencies.readiness, metrics: dependencies.metrics).addRoutes(to: routes)
      DashboardController(files: dashboard).addRoutes(to: routes)
    }
    http = HTTPService(
      router,
      at: .init(
        host: configuration.host, port: configuration.port, maxConnections: configuration.maxConnections),
      limits: Self.limits(configuration), webSockets: endpoint.webSockets, onRunning: onRunning, logger: logger)
  }

  /// In the order of starting; they stop in reverse, so that clients are told to go before the feed ends.
  public var services: [any Service] { [past, feed, rebuilds, http] }

  private static func limits(_ configuration: ServerConfiguration) -> ServerChannel.Limits {
    var limits = ServerChannel.Limits()
    if configuration.trustsForwardedFor { limits.requests.drain = .seconds(2) }
    return limits
  }

  private static func addPublicRoutes(
    to api: RouterGroup<ServerContext>, _ throttle: LoginThrottle, _ configuration: ServerConfiguration,
    _ dependencies: ServerDependencies
  ) {
    OpenAPIController().addRoutes(to: api)
    AuthController(
      accounts: dependencies.accounts, sessions: dependencies.sessions,
      throttle: throttle,
      cookie: RefreshCookie(isSecure: configuration.isBehindTLS), registrationIsOpen: configuration.registrationIsOpen
    ).addRoutes(to: api)
  }

  private static func addSignedInRoutes(
    to api: RouterGroup<ServerContext>, _ throttle: LoginThrottle, _ configuration: ServerConfiguration,
    _ dependencies: ServerDependencies, past: PostgresPool
  ) {
    let pool = dependencies.pool
    let barrier = ReadBarrier(positions: dependencies.positions, timeout: configuration.readTimeout)
    let reads = AccountReads(
      barrier: barrier, live: .live(pool), past: TimeTravel(pool: past, log: dependencies.log))
    let accounts = QuotaViews(pool: pool)
    let savings = SavingsViews(pool: pool)
    let streaming = api.group()
      .add(middleware: AuthenticationMiddleware(tokens: dependencies.tokens))
      .group(context: SignedInContext.self)
    // What holds passwords stands outside as well: no table should have a hash of them.
    MeController(
      reads: reads, sessions: dependencies.sessions, eraser: dependencies.eraser, throttle: throttle,
      cookie: RefreshCookie(isSecure: configuration.isBehindTLS)
    ).addRoutes(to: streaming)
    let signedIn = streaming.group().add(
      middleware: IdempotencyMiddleware(answers: KeptAnswers(pool: pool, retention: configuration.answerRetention)))
    FilesController(
      reads: reads, history: FileHistory(log: dependencies.log), downloads: FileDownload(blobs: dependencies.blobs),
      archives: ArchiveDownload(blobs: dependencies.blobs),
      previews: FilePreview(blobs: dependencies.blobs, parser: dependencies.parser)
    ).addRoutes(to: signedIn, streaming: streaming)
    UploadsController(
      ledger: dependencies.ledger, receiver: BodyReceiver(blobs: dependencies.blobs),
      archives: ArchiveReceiver(
        blobs: dependencies.blobs, ledger: dependencies.ledger, maxBytes: configuration.maxUploadBytes),
      files: FileViews(pool: pool), maxBytes: configuration.maxUploadBytes
    ).addRoutes(to: signedIn, streaming: streaming)
    DuplicatesController(
      reads: reads, decisions: DuplicateDecisions(log: dependencies.log),
      evidence: ContentEvidence(blobs: dependencies.blobs, parser: dependencies.parser)
    ).addRoutes(to: signedIn)
    ThresholdsController(reads: reads, thresholds: DuplicateThresholds(log: dependencies.log)).addRoutes(to: signedIn)
    SavingsController(reads: reads).addRoutes(to: signedIn)
    let jobs = JobViews(pool: pool)
    let control = JobControl(log: dependencies.log, jobs: jobs)
    JobsController(jobs: jobs, control: control, barrier: barrier).addRoutes(to: signedIn)
    let admin = signedIn.group("admin", context: AdminContext.self)
    let auditor = Auditor(pool: pool, log: dependencies.log)
    let proofs = SealProofs(pool: pool)
    AuditController(auditor: auditor, proofs: proofs).addRoutes(to: admin)
    SealsController(pool: pool, proofs: proofs, auditor: auditor).addRoutes(to: admin)
    AdminController(
      accounts: accounts, directory: dependencies.accounts, eraser: dependencies.eraser, savings: savings,
      store: StoreTotals(blobs: dependencies.blobs), health: StoreHealth(pool: pool),
      contents: ContentViews(pool: pool),
      barrier: barrier
    ).addRoutes(to: admin)
    QueuesController(jobs: jobs, control: control, barrier: barrier, redis: dependencies.redis).addRoutes(to: admin)
    ProjectionsController(pool: pool, log: dependencies.log, rollbackWindow: configuration.rollbackWindow)
      .addRoutes(to: admin)
  }

  /// Live events follow the projection that is furthest behind, so that whoever hears of an event finds it in every table.
  private static func liveSource(_ dependencies: ServerDependencies) -> LiveFeed.Source {
    let positions = dependencies.positions
    let names = ProjectionCatalog.names
    return LiveFeed.Source(log: dependencies.log) { past, timeout in
      do {
        try await positions.wait(for: names, toReach: Position(past.rawValue + 1), timeout: timeout)
      } catch is WaitTimeout {
        // Asks the checkpoints, should nothing have told of them.
        for name in names.prefix(1) { _ = try await positions.position(of: name) }
      }
      return names.map(positions.known).min() ?? .start
    }
  }
}
