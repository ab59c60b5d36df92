// SPDX-License-Identifier: Apache-2.0

import Domain
import DedupEngine
import Foundation
import LocalScan

/// The forms of a scan's report.
enum ScanFormat: String, CaseIterable {
  case text, json, csv
  /// The paths of files that could go, with a zero byte after each.
  case null

  func write(_ report: ScanReport) throws -> Data {
    switch self {
    case .text: Data(Self.text(report).utf8)
    case .json: try Self.json(report)
    case .csv: Data(Self.csv(report).utf8)
    case .null: Data(report.superfluous.flatMap { $0.bytes + [0] })
    }
  }

  private static func text(_ report: ScanReport) -> String {
    var lines: [String] = []
    for group in report.identical {
      let found = group.identical
      lines.append(
        "\(Format.count(found.files.count)) copies of \(Format.bytes(found.size)), \(Format.bytes(found.reclaimableBytes)) too much"
      )
      let order = [group.kept] + found.files.indices.filter { $0 != group.kept }
      for index in order {
        lines.append("  \(index == group.kept ? "keep" : "    ")  \(found.files[index].path)")
        for link in found.files[index].links { lines.append("        \(link) (the same file)") }
      }
      lines.append("")
    }
    for group in report.similar ?? [] {
      lines.append("\(Format.count(group.members.count)) versions of a \(group.noun)")
      for (index, member) in group.members.enumerated() {
        let score = index == 0 ? "     " : String(format: "%3.0f %%", member.score * 100)
        lines.append("  \(score)  \(member.file.path)  (\(Format.bytes(member.file.size)))")
      }
      lines.append("")
    }
    lines.append(summary(report))
    return lines.joined(separator: "\n") + "\n"
  }

  static func summary(_ report: ScanReport) -> String {
    let seconds = report.elapsed / .seconds(1)
    var lines = [
      report.identical.isEmpty
        ? "No two files are the same."
        : "\(Format.bytes(report.reclaimableBytes)) you don't have to keep: \(Format.count(report.identicalFiles)) files in "
          + "\(groups(report.identical.count)) of identical ones."
    ]
    if let similar = report.similar {
      let files = similar.reduce(0) { $0 + $1.members.count }
      lines.append(
        similar.isEmpty
          ? "No file is a version of another."
          : "\(Format.count(files)) texts and pictures are versions of others, in \(groups(similar.count)).")
    }
    lines.append(
      "Looked at \(Format.count(report.files)) files, \(Format.bytes(report.bytes)), in \(String(format: "%.2f", seconds)) s."
    )
    return lines.joined(separator: "\n")
  }

  private static func groups(_ count: Int) -> String { count == 1 ? "1 group" : "\(Format.count(count)) groups" }

  private static func json(_ report: ScanReport) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return try encoder.encode(ScanBody(report)) + Data("\n".utf8)
  }

  private static func csv(_ report: ScanReport) -> String {
    var rows = [["class", "group", "kept", "score", "size", "sha256", "modified", "path"]]
    for (number, group) in report.identical.enumerated() {
      for (index, file) in group.identical.files.enumerated() {
        rows.append([
          "identical", "\(number + 1)", index == group.kept ? "yes" : "no", "1", "\(file.size)",
          group.identical.digest.hex,
          file.modifiedText, "\(file.path)",
        ])
      }
    }
    for (number, group) in (report.similar ?? []).enumerated() {
      for (index, member) in group.members.enumerated() {
        rows.append([
          "similar", "\(number + 1)", index == 0 ? "yes" : "no", String(format: "%.3f", member.score),
          "\(member.file.size)",
          "", member.file.modifiedText, "\(member.file.path)",
        ])
      }
    }
    return rows.map { row in row.map(field).joined(separator: ",") + "\r\n" }.joined()
  }

  /// RFC 4180; what a spreadsheet would take for a formula begins with an apostrophe.
  private static func field(_ text: String) -> String {
    let isFormula = text.first.map { "=+-@\t".contains($0) } ?? false
    let text = isFormula ? "'" + text : text
    guard text.contains(where: { "\",\r\n".contains($0) }) else { return text }
    return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }
}

extension SimilarFileGroup {
  var noun: String {
    switch algorithm {
    case .text: "text"
    case .picture: "picture"
    case .canonical: "content"
    case .bytes: "file"
    }
  }
}

extension ScannedFile {
  var modifiedText: String { Date(timeIntervalSince1970: Double(modified) / 1e9).rfc3339 }
}

/// The report as JSON has it. Members are only ever added.
private struct ScanBody: Encodable {
  let roots: [String]
  let totals: Totals
  let identical: [Identical]
  let similar: [Similar]?
  let troubles: [Trouble]

  struct Totals: Encodable {
    let files: Int
    let bytes: Int64
    let identicalGroups, identicalFiles: Int
    let reclaimableBytes: Int64
    let seconds: Double
  }

  struct Identical: Encodable {
    let sha256: String
    let size, reclaimableBytes: Int64
    let files: [File]
  }

  struct Similar: Encodable {
    let method: String
    let members: [Member]
  }

  struct Member: Encodable {
    let score: Double
    let size: Int64
    let path: Path
  }

  struct File: Encodable {
    let path: Path
    let kept: Bool
    let modified: String
    let links: [Path]?
  }

  struct Trouble: Encodable {
    let path: Path
    let reason: String
  }

  /// A text; or, for a name that is none, its bytes in base64.
  struct Path: Encodable {
    let path: LocalPath

    private enum CodingKeys: CodingKey { case base64 }

    func encode(to encoder: any Encoder) throws {
      if let text = path.text {
        var container = encoder.singleValueContainer()
        try container.encode(text)
      } else {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Data(path.bytes).base64EncodedString(), forKey: .base64)
      }
    }
  }

  init(_ report: ScanReport) {
    roots = report.roots.map(\.description)
    totals = Totals(
      files: report.files, bytes: report.bytes, identicalGroups: report.identical.count,
      identicalFiles: report.identicalFiles, reclaimableBytes: report.reclaimableBytes,
      seconds: (report.elapsed / .seconds(1) * 1000).rounded() / 1000)
    identical = report.identical.map { group in
      Identical(
        sha256: group.identical.digest.hex, size: group.identical.size,
        reclaimableBytes: group.identical.reclaimableBytes,
        files: group.identical.files.enumerated().map { index, file in
          File(
            path: Path(path: file.path), kept: index == group.kept, modified: file.modifiedText,
            links: file.links.isEmpty ? nil : file.links.map { Path(path: $0) })
        })
    }
    similar = report.similar?.map { group in
      Similar(
        method: group.noun,
        members: group.members.map {
          Member(score: ($0.score * 1000).rounded() / 1000, size: $0.file.size, path: Path(path: $0.file.path))
        })
    }
    troubles = report.troubles.map { Trouble(path: Path(path: $0.path), reason: $0.reason) }
  }
}
