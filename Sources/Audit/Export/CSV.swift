// SPDX-License-Identifier: Apache-2.0

/// Records as RFC 4180 writes them.
enum CSV {
  /// One record, with its line end.
  static func record(_ cells: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, cell) in cells.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      append(cell, to: &bytes)
    }
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    return bytes
  }

  private static func append(_ cell: String, to bytes: inout [UInt8]) {
    let text = harmless(cell)
    guard text.utf8.contains(where: needsQuotes) else {
      bytes += text.utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Spreadsheets compute cells that begin like a formula, and a formula can send away what stands beside it. After an apostrophe they
  /// show it.
  private static func harmless(_ cell: String) -> String {
    switch cell.utf8.first {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "\t"),
      UInt8(ascii: "\r"):
      "'" + cell
    default: cell
    }
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
    default: false
    }
  }
}
