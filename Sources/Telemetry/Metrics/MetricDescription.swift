// SPDX-License-Identifier: Apache-2.0

/// What a metric is called and what it means.
public struct MetricDescription: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// Only grows, until the process ends.
    case counter
    /// Goes up and down.
    case gauge
    /// How many observations fell below each of some bounds.
    case histogram
    /// A gauge whose given name ends like a counter's. Prometheus knows the type, and its linter accepts the name.
    case untyped
  }

  public let name: String
  public let kind: Kind
  /// One sentence, with the unit if the name has none.
  public let help: String
  public let labels: [String]
  /// Upper bounds of a histogram's buckets, ascending, without infinity.
  public let buckets: [Double]

  public init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = [], buckets: [Double] = Buckets.seconds)
  {
    self.name = name
    self.kind = kind
    self.help = help
    self.labels = labels
    self.buckets = kind == .histogram ? buckets : []
  }
}

/// Bounds for histograms. Fixed, so that the series of all processes can be added up.
public enum Buckets {
  /// From half a millisecond to half a minute.
  public static let seconds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  ]
  /// How many things were done at once.
  public static let counts: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
}
