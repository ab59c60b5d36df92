// SPDX-License-Identifier: Apache-2.0

/// The text exposition format of Prometheus, version 0.0.4.
public enum PrometheusText {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// Families by name and series by labels, so that two renderings can be compared.
  static func render(_ families: [MetricFamily]) -> String {
    var text = ""
    for family in families.sorted(by: { $0.description.name < $1.description.name }) where !family.series.isEmpty {
      render(family, into: &text)
    }
    return text
  }

  private static func render(_ family: MetricFamily, into text: inout String) {
    let name = family.description.name
    text += "# HELP \(name) \(escaped(family.description.help, quotes: false))\n"
    text += "# TYPE \(name) \(family.description.kind.rawValue)\n"
    let series = family.series.map { (labels: pairs($0.key), series: $0.value) }.sorted { $0.labels < $1.labels }
    for (labels, series) in series {
      switch series {
      case .counter(let counter): line(name, labels, counter.value, &text)
      case .gauge(let gauge): line(name, labels, gauge.value, &text)
      case .histogram(let histogram): render(histogram, name, labels, &text)
      }
    }
  }

  private static func render(_ histogram: HistogramSeries, _ name: String, _ labels: String, _ text: inout String) {
    let snapshot = histogram.snapshot
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.counts) {
      total += count
      let bound = "le=\"\(number(bound))\""
      line("\(name)_bucket", labels.isEmpty ? bound : "\(labels),\(bound)", Double(total), &text)
    }
    line("\(name)_sum", labels, snapshot.sum, &text)
    line("\(name)_count", labels, Double(total), &text)
  }

  private static func line(_ name: String, _ labels: String, _ value: Double, _ text: inout String) {
    text += labels.isEmpty ? "\(name) \(number(value))\n" : "\(name){\(labels)} \(number(value))\n"
  }

  private static func pairs(_ labels: Labels) -> String {
    labels.pairs.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whole numbers without a fraction, as long as a double holds them exactly.
  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
    return String(value)
  }
}
