// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Figures as people read them.
enum Format {
  /// Decimal units, as disks are sold: `41.7 GB`.
  static func bytes(_ count: Int64) -> String {
    var value = Double(count)
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
      if abs(value) < 1000 { return unit == "bytes" ? "\(count) bytes" : String(format: "%.1f %@", value, unit) }
      value /= 1000
    }
    return String(format: "%.1f PB", value)
  }

  /// `12,840`.
  static func count(_ number: Int) -> String {
    let digits = String(abs(number))
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { grouped.append(",") }
      grouped.append(digit)
    }
    return number < 0 ? "-" + grouped : grouped
  }

  /// `14 s`, `3 min 20 s`, `2 h 5 min`, `30 days`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    return switch whole {
    case ..<60: "\(whole) s"
    case ..<3600: whole % 60 == 0 ? "\(whole / 60) min" : "\(whole / 60) min \(whole % 60) s"
    case 172_800... where whole % 86_400 == 0: "\(whole / 86_400) days"
    default: whole % 3600 < 60 ? "\(whole / 3600) h" : "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
  }
}
