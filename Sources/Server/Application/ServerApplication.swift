// SPDX-License-Identifier: Apache-2.0

import EventStore
import Hummingbird
public import Logging
import Projections
public import ServiceLifecycle

/// The HTTP and WebSocket server: the API under `/api/v1`, what machines ask, and the dashboard. This module alone knows HTTP.
public struct ServerApplication: Sendable {
  private let feed: LiveFeed
  private let rebuilds: RebuildFeed
  private let http: HTTPService

  /// - Parameter onRunning: called with the port once connections are taken.
  /// - Throws: when the dashboard's files cannot be read.
  public init(
    _ configuration: ServerConfiguration, _ dependencies: ServerDependencies,
    onRunning: @escaping @Sendable (Int) async -> Void = { _ in }, logger: Logger
  ) throws {
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
      Self.addSignedInRoutes(to: api, throttle, configuration, dependencies)
      OperationsController(readiness: dependencies.readiness, metrics: dependencies.metrics).addRoutes(to: routes)
      DashboardController(files: dashboard).addRoutes(to: routes)
    }
    http = HTTPService(
      router,
      at: .init(
        host: configuration.host, port: configuration.port, maxConnections: configuration.maxConnections),
      webSockets: endpoint.webSockets, onRunning: onRunning, logger: logger)
  }

  /// In the order of starting; they stop in reverse, so that clients are told to go before the feed ends.
  public var services: [any Service] { [feed, rebuilds, http] }

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
    _ dependencies: ServerDependencies
  ) {
    let pool = dependencies.pool
    let barrier = ReadBarrier(positions: dependencies.positions, timeout: configuration.readTimeout)
    let files = FileViews(pool: pool)
    let accounts = QuotaViews(pool: pool)
    let savings = SavingsViews(pool: pool)
    let signedIn = api.group()
      .add(middleware: AuthenticationMiddleware(tokens: dependencies.tokens))
      .group(context: SignedInContext.self)
    MeController(
      accounts: accounts, sessions: dependencies.sessions, eraser: dependencies.eraser, throttle: throttle,
      cookie: RefreshCookie(isSecure: configuration.isBehindTLS), barrier: barrier
    ).addRoutes(to: signedIn)
    FilesController(files: files, downloads: FileDownload(blobs: dependencies.blobs), barrier: barrier)
      .addRoutes(to: signedIn)
    UploadsController(
      ledger: dependencies.ledger, receiver: BodyReceiver(blobs: dependencies.blobs), files: files,
      maxBytes: configuration.maxUploadBytes
    ).addRoutes(to: signedIn)
    DuplicatesController(groups: DuplicateViews(pool: pool), barrier: barrier).addRoutes(to: signedIn)
    SavingsController(savings: savings, barrier: barrier).addRoutes(to: signedIn)
    JobsController(jobs: JobViews(pool: pool), barrier: barrier).addRoutes(to: signedIn)
    let admin = signedIn.group("admin", context: AdminContext.self)
    AdminController(
      accounts: accounts, directory: dependencies.accounts, eraser: dependencies.eraser, savings: savings,
      barrier: barrier
    ).addRoutes(to: admin)
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
