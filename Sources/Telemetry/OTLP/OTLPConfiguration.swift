// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Where telemetry goes and how much of it, by the variables that OpenTelemetry gives for this:
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
///
/// Nothing is sent without an endpoint: whoever has no collector shall notice nothing of all this.
public struct OTLPConfiguration: Sendable, Equatable {
  public enum Signal: String, Sendable, CaseIterable { case traces, metrics, logs }

  public struct Destination: Sendable, Equatable {
    public var url: String
    public var headers: [String: String]
    public var timeout: Duration
  }

  /// Signals that are not sent are not in it.
  public private(set) var destinations: [Signal: Destination] = [:]
  public private(set) var sampler = Sampler.always
  /// Of service and process, for `resource`.
  public private(set) var resource: [String: String] = [:]
  public private(set) var spans = Batching(limit: 2048, size: 512, delay: .seconds(5))
  public private(set) var logs = Batching(limit: 2048, size: 512, delay: .seconds(1))
  public private(set) var metricInterval = Duration.seconds(60)

  public struct Batching: Sendable, Equatable {
    /// How many wait at most; what comes then is dropped and counted.
    public var limit: Int
    /// How many go in one request.
    public var size: Int
    /// How long the first of them waits.
    public var delay: Duration
  }

  /// A variable that cannot be used as it is.
  public struct Invalid: Error, CustomStringConvertible {
    public let description: String
  }

  /// Each variable that is looked at, with its default and its meaning: for the documentation.
  public static let variables: [(name: String, fallback: String, meaning: String)] = [
    ("OTEL_SDK_DISABLED", "false", "true: nothing is sent."),
    (
      "OTEL_EXPORTER_OTLP_ENDPOINT", "",
      "The collector, as http://host:4318; `/v1/traces` and so on are added. Empty, and none of its own for a signal: nothing is sent."
    ),
    (
      "OTEL_EXPORTER_OTLP_{TRACES,METRICS,LOGS}_ENDPOINT", "", "Another place for one signal, as the whole URL."
    ),
    (
      "OTEL_EXPORTER_OTLP_PROTOCOL", "http/json",
      "Onefold sends JSON over HTTP, which every collector takes at the port of HTTP."
    ),
    ("OTEL_EXPORTER_OTLP_HEADERS", "", "Sent with each request: `name=value,name=value`, values percent-encoded."),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "Milliseconds that a request may take."),
    ("OTEL_{TRACES,METRICS,LOGS}_EXPORTER", "otlp", "none: this signal is not sent."),
    ("OTEL_SERVICE_NAME", "onefold-<role>", "`service.name`."),
    ("OTEL_RESOURCE_ATTRIBUTES", "", "More about this process: `name=value,name=value`, values percent-encoded."),
    (
      "OTEL_TRACES_SAMPLER", "parentbased_always_on",
      "Which traces are sent: always_on, always_off, traceidratio, or these with parentbased_ before them."
    ),
    ("OTEL_TRACES_SAMPLER_ARG", "1", "traceidratio: the share, from 0 to 1."),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "2048", "Spans that wait at most; more are dropped, and counted."),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "Spans in one request at most."),
    ("OTEL_BSP_SCHEDULE_DELAY", "5000", "Milliseconds until spans are sent that do not fill a request."),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", "2048", "The same for log records,"),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "512", "and"),
    ("OTEL_BLRP_SCHEDULE_DELAY", "1000", "again."),
    ("OTEL_METRIC_EXPORT_INTERVAL", "60000", "Milliseconds between two sendings of all metrics."),
  ]

  /// - Parameters:
  ///   - environment: of the process; empty variables count as not given.
  ///   - role: what this process does, for its name.
  /// - Returns: nil when nothing is to be sent.
  /// - Throws: ``Invalid``.
  public init?(environment: [String: String], role: String, version: String) throws {
    let values = OTLPVariables(environment)
    guard try !values.flag("OTEL_SDK_DISABLED") else { return nil }
    for signal in Signal.allCases { destinations[signal] = try Self.destination(of: signal, values) }
    guard !destinations.isEmpty else { return nil }
    let name = values["OTEL_TRACES_SAMPLER"] ?? "parentbased_always_on"
    guard let sampler = Sampler(name: name, argument: values["OTEL_TRACES_SAMPLER_ARG"]) else {
      throw Invalid(
        description:
          "OTEL_TRACES_SAMPLER=\(name) with OTEL_TRACES_SAMPLER_ARG=\(values["OTEL_TRACES_SAMPLER_ARG"] ?? "") "
          + "is no sampler that Onefold has: always_on, always_off, traceidratio (0 to 1), or these after parentbased_."
      )
    }
    self.sampler = sampler
    spans = try Self.batching("OTEL_BSP", spans, values)
    logs = try Self.batching("OTEL_BLRP", logs, values)
    metricInterval = .milliseconds(try values.number("OTEL_METRIC_EXPORT_INTERVAL", 60_000, in: 100...86_400_000))
    resource = try values.pairs("OTEL_RESOURCE_ATTRIBUTES")
    resource["service.name"] = values["OTEL_SERVICE_NAME"] ?? resource["service.name"] ?? "onefold-\(role)"
    let own = [
      "service.namespace": "onefold", "service.version": version, "service.instance.id": UUID().uuidString.lowercased(),
      "host.name": ProcessInfo.processInfo.hostName, "process.pid": String(ProcessInfo.processInfo.processIdentifier),
      "telemetry.sdk.language": "swift", "telemetry.sdk.name": "onefold", "telemetry.sdk.version": version,
    ]
    resource.merge(own) { given, _ in given }
  }

  private static func batching(
    _ prefix: String, _ defaults: Batching, _ values: OTLPVariables
  ) throws -> Batching {
    var batching = defaults
    batching.limit = try values.number("\(prefix)_MAX_QUEUE_SIZE", defaults.limit, in: 1...1_000_000)
    batching.size = min(
      batching.limit, try values.number("\(prefix)_MAX_EXPORT_BATCH_SIZE", defaults.size, in: 1...100_000))
    let delay = try values.number(
      "\(prefix)_SCHEDULE_DELAY", Int(defaults.delay.components.seconds * 1000), in: 1...600_000)
    batching.delay = .milliseconds(delay)
    return batching
  }

  private static func destination(of signal: Signal, _ values: OTLPVariables) throws -> Destination? {
    let name = signal.rawValue.uppercased()
    switch values["OTEL_\(name)_EXPORTER"] ?? "otlp" {
    case "otlp": break
    case "none": return nil
    case let other: throw Invalid(description: "OTEL_\(name)_EXPORTER=\(other): Onefold knows otlp and none.")
    }
    func value(_ rest: String) -> String? {
      values["OTEL_EXPORTER_OTLP_\(name)_\(rest)"] ?? values["OTEL_EXPORTER_OTLP_\(rest)"]
    }
    var url = values["OTEL_EXPORTER_OTLP_\(name)_ENDPOINT"]
    if url == nil, let base = values["OTEL_EXPORTER_OTLP_ENDPOINT"] {
      url = (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/v1/\(signal.rawValue)"
    }
    guard let url else { return nil }
    guard let parsed = URL(string: url), ["http", "https"].contains(parsed.scheme), parsed.host() != nil else {
      throw Invalid(
        description: "The endpoint \"\(url)\" of OpenTelemetry's \(signal.rawValue) is no http:// or https:// URL.")
    }
    if let given = value("PROTOCOL"), !given.hasPrefix("http/") {
      throw Invalid(
        description:
          "OTEL_EXPORTER_OTLP_PROTOCOL=\(given): Onefold sends http/json. Name the collector's port for HTTP (4318).")
    }
    var headers = try values.pairs("OTEL_EXPORTER_OTLP_HEADERS")
    headers.merge(try values.pairs("OTEL_EXPORTER_OTLP_\(name)_HEADERS")) { $1 }
    let timeout = try values.number(
      values["OTEL_EXPORTER_OTLP_\(name)_TIMEOUT"] == nil
        ? "OTEL_EXPORTER_OTLP_TIMEOUT" : "OTEL_EXPORTER_OTLP_\(name)_TIMEOUT", 10_000, in: 1...600_000)
    return Destination(url: url, headers: headers, timeout: .milliseconds(timeout))
  }
}

/// Values of variables, read by the rules that OpenTelemetry gives.
private struct OTLPVariables {
  private let environment: [String: String]

  init(_ environment: [String: String]) { self.environment = environment }

  subscript(name: String) -> String? {
    environment[name]?.trimmingCharacters(in: .whitespaces).nonEmpty
  }

  func flag(_ name: String) throws -> Bool { self[name]?.lowercased() == "true" }

  func number(_ name: String, _ fallback: Int, in range: ClosedRange<Int>) throws -> Int {
    guard let text = self[name] else { return fallback }
    guard let value = Int(text), range.contains(value) else {
      throw OTLPConfiguration.Invalid(
        description: "\(name)=\(text): a whole number from \(range.lowerBound) to \(range.upperBound) is needed.")
    }
    return value
  }

  func pairs(_ name: String) throws -> [String: String] {
    var pairs: [String: String] = [:]
    for pair in (self[name] ?? "").split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard parts.count == 2, let value = parts[1].removingPercentEncoding, !parts[0].isEmpty else {
        // Not with its text: headers may hold a secret.
        throw OTLPConfiguration.Invalid(description: "\(name) is not of the form name=value,name=value.")
      }
      pairs[parts[0]] = value
    }
    return pairs
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
