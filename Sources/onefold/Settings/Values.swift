// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Reads settings as text and turns them into values; what cannot be read names the setting and what it takes.
struct Values {
  let reader: ConfigReader

  /// Nil when neither given nor defaulted.
  func text(_ setting: Setting) -> String? {
    let parts = setting.key.split(separator: ".").map(String.init)
    let value = reader.string(forKey: ConfigKey(parts)) ?? number(parts) ?? setting.fallback
    return value.isEmpty ? nil : value
  }

  /// In a JSON file a port is a number, not a string.
  private func number(_ parts: [String]) -> String? { reader.int(forKey: ConfigKey(parts)).map(String.init) }

  func list(_ setting: Setting) -> [String] {
    let text =
      text(setting)
      ?? reader.stringArray(forKey: ConfigKey(setting.key.split(separator: ".").map(String.init)))?.joined(
        separator: ",")
    return (text ?? "").split(separator: ",").map { String($0.trimmingPrefix(" ")) }
  }

  func number(_ setting: Setting, in range: ClosedRange<Int>) throws -> Int {
    let text = text(setting) ?? ""
    guard let number = Int(text), range.contains(number) else {
      throw invalid(setting, text, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func bytes(_ setting: Setting) throws -> Int64 {
    let text = text(setting) ?? ""
    guard let bytes = ByteCount.parse(text) else { throw invalid(setting, text, "a size such as 500MB or 64GiB") }
    return bytes
  }

  func duration(_ setting: Setting) throws -> Duration {
    let text = text(setting) ?? ""
    guard let duration = TimeSpan.parse(text) else { throw invalid(setting, text, "a time such as 90m, 24h or 7d") }
    return duration
  }

  func choice<Value>(_ setting: Setting, _ choices: [String: Value]) throws -> Value {
    let text = text(setting) ?? ""
    guard let value = choices[text] else {
      throw invalid(setting, text, choices.keys.sorted().joined(separator: " or "))
    }
    return value
  }

  func oneOf<Value: RawRepresentable<String>>(_ setting: Setting, _ text: String, _: Value.Type) throws -> Value {
    guard let value = Value(rawValue: text) else { throw invalid(setting, text, setting.help) }
    return value
  }

  private func invalid(_ setting: Setting, _ text: String, _ wanted: String) -> CommandError {
    let flag = setting.flag.map { "--\($0), " } ?? ""
    return CommandError(
      "\"\(text)\" is not a value for \(setting.key) (\(flag)\(setting.environment)). Wanted: \(wanted)")
  }
}

/// Times as people write them.
enum TimeSpan {
  private static let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

  /// `90s`, `30m`, `24h`, `7d`; nil for anything else, and for more than a century.
  static func parse(_ text: String) -> Duration? {
    guard let unit = text.last.flatMap({ seconds[$0] }), let number = Int64(text.dropLast()),
      (0...36_500 * 86_400 / unit).contains(number)
    else { return nil }
    return .seconds(number * unit)
  }
}

/// Sizes as people write them.
enum ByteCount {
  private static let units: [(String, Int64)] = [
    ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40),
    ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
  ]

  /// `1048576`, `500MB`, `64 GiB`; nil for anything else, and for what does not fit.
  static func parse(_ text: String) -> Int64? {
    let compact = text.uppercased().filter { $0 != " " && $0 != "_" }
    let unit = units.first { compact.hasSuffix($0.0) }
    guard let number = Int64(compact.dropLast(unit?.0.count ?? 0)), number >= 0 else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
    return overflow ? nil : bytes
  }
}
