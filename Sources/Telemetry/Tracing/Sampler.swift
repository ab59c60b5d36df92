// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which traces are recorded. The answer follows from the name of the trace, so all processes give the same.
public struct Sampler: Sendable, Equatable {
  /// Of the traces that begin here, between 0 and 1.
  public var share: Double
  /// Whether what the caller says counts, where it says something.
  public var followsCaller: Bool

  public static let always = Sampler(share: 1, followsCaller: true)

  public init(share: Double, followsCaller: Bool) {
    self.share = share
    self.followsCaller = followsCaller
  }

  /// Reads the values of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; nil for a sampler that we do not have.
  public init?(name: String, argument: String?) {
    var kind = name[...]
    followsCaller = kind.hasPrefix("parentbased_")
    if followsCaller { kind = kind.dropFirst("parentbased_".count) }
    switch kind {
    case "always_on": share = 1
    case "always_off": share = 0
    case "traceidratio":
      guard let share = argument.map({ Double($0) }) ?? 1, (0...1).contains(share) else { return nil }
      self.share = share
    default: return nil
    }
  }

  func samples(_ trace: TraceContext) -> Bool {
    if followsCaller, let isSampled = trace.isSampled { return isSampled }
    if share >= 1 { return true }
    // The last 7 bytes, which the recommendation wants to be random, and which are in a UUID.
    let random = withUnsafeBytes(of: trace.traceID.uuid) { $0[9...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    return Double(random) < share * 0x1p56
  }
}
