// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a restore came to.
struct RestoreReport: Encodable, Sendable {
  struct Table: Encodable, Sendable {
    let projection: String
    let position: Int64
    let rows: Int64
    /// Whether it is, row for row, what it was; nil where the backup did not note it, or of another version of the program.
    let isAsItWas: Bool?
  }

  struct Damage: Encodable, Sendable {
    let digest: String
    let reason: String
  }

  let isDrill: Bool
  /// Where it is now; nil after a drill.
  let dataDirectory: String?
  let position: Int64
  /// When the last event happened that is in it. What came later is lost with the installation.
  let recordedAt: Date
  var tables: [Table] = []
  /// Read and checked; nil when they were not.
  var contents: Int?
  var bytes: Int64?
  var damaged: [Damage] = []
  /// From the beginning until everything could be read.
  var seconds: Double = 0

  var isAsItWas: Bool { damaged.isEmpty && !tables.contains { $0.isAsItWas == false } }

  var text: String {
    var lines = [
      "\(isDrill ? "Drill: restored" : "Restored") position \(position), of \(recordedAt.formatted(.iso8601)), in \(Format.duration(seconds))."
    ]
    for table in tables {
      let verdict =
        switch table.isAsItWas {
        case true?: "as it was"
        case false?: "NOT as it was"
        case nil: "not compared"
        }
      lines.append(
        "  \(table.projection): \(Format.count(Int(table.rows))) rows at position \(table.position), \(verdict)")
    }
    if let contents, let bytes {
      lines.append(
        "  contents: \(Format.count(contents)) (\(Format.bytes(bytes))) read, \(damaged.isEmpty ? "all whole" : "\(Format.count(damaged.count)) NOT whole")"
      )
    }
    lines += damaged.map { "    \($0.digest): \($0.reason)" }
    if isDrill, contents == nil { lines.append("  contents: in a bucket, not read. onefold fsck reads them.") }
    if isDrill {
      lines.append(isAsItWas ? "This backup can be restored." : "This backup cannot be restored as it was.")
    } else if let dataDirectory {
      lines.append("Start it: onefold up --data-dir \(dataDirectory)")
    }
    return lines.joined(separator: "\n")
  }
}
