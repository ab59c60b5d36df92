// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Rows under headings, each column as wide as it must be. On a terminal lines are cut at its edge.
struct Table {
  let headings: [String]
  var rows: [[String]] = []

  init(_ headings: String...) { self.headings = headings }

  /// Numbers stand at the right of their column.
  var text: String {
    let widths = headings.indices.map { column in ([headings] + rows).map { $0[column].count }.max() ?? 0 }
    let isNumeric = headings.indices.map { column in
      !rows.isEmpty && rows.allSatisfy { $0[column].isEmpty || $0[column].first?.isNumber == true }
    }
    return ([headings] + rows).map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return isNumeric[column] ? padding + cell : cell + padding
      }
      let line = cells.joined(separator: "  ")
      let trimmed = String(line.reversed().drop { $0 == " " }.reversed())
      return Terminal.outputColumns.map { String(trimmed.prefix($0)) } ?? trimmed
    }.joined(separator: "\n")
  }
}
