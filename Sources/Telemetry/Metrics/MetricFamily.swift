// SPDX-License-Identifier: Apache-2.0

/// All series of one metric.
struct MetricFamily: Sendable {
  let description: MetricDescription
  private(set) var series: [Labels: Series] = [:]

  enum Series: Sendable {
    case counter(CounterSeries)
    case gauge(GaugeSeries)
    case histogram(HistogramSeries)
  }

  init(_ description: MetricDescription) { self.description = description }

  /// The series of these labels, made at first use.
  ///
  /// At `limit` series, further labels fold into one series that says `other`: memory and the scraper stay safe from labels that someone outside can choose.
  ///
  /// - Returns: whether the labels were folded, too.
  mutating func series(_ labels: Labels, limit: Int) -> (series: Series, folded: Bool) {
    if let known = series[labels] { return (known, false) }
    if series.count >= limit {
      let other = labels.folded
      return (existingOrNew(other), true)
    }
    return (existingOrNew(labels), false)
  }

  mutating func remove(_ handler: AnyObject) {
    series = series.filter { $0.value.handler !== handler }
  }

  private mutating func existingOrNew(_ labels: Labels) -> Series {
    if let known = series[labels] { return known }
    let new: Series =
      switch description.kind {
      case .counter: .counter(CounterSeries())
      case .gauge, .untyped: .gauge(GaugeSeries())
      case .histogram: .histogram(HistogramSeries(bounds: description.buckets))
      }
    series[labels] = new
    return new
  }
}

extension MetricFamily.Series {
  fileprivate var handler: AnyObject {
    switch self {
    case .counter(let series): series
    case .gauge(let series): series
    case .histogram(let series): series
    }
  }
}

/// Label names and values, in the order of their names.
struct Labels: Hashable, Sendable {
  let pairs: [Pair]

  struct Pair: Hashable, Sendable {
    let name: String
    let value: String
  }

  init(_ dimensions: [(String, String)]) {
    pairs = dimensions.map { Pair(name: $0.0.metricLabelName, value: $0.1) }.sorted { $0.name < $1.name }
  }

  private init(pairs: [Pair]) { self.pairs = pairs }

  var folded: Labels { Labels(pairs: pairs.map { Pair(name: $0.name, value: "other") }) }
}

extension String {
  /// With `_` in place of what Prometheus does not allow in a metric's name: `http.server.active` becomes `http_server_active`.
  var metricName: String { cleaned { $0 == ":" } }

  /// The same for a label's name.
  var metricLabelName: String { cleaned { _ in false } }

  private func cleaned(allowing extra: (Unicode.Scalar) -> Bool) -> String {
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
      let isDigit = ("0"..."9").contains(scalar)
      if isDigit, text.isEmpty { text.append("_") }
      text.append(isLetter || isDigit || extra(scalar) ? scalar : "_")
    }
    return text.isEmpty ? "_" : String(text)
  }
}
