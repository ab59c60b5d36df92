// SPDX-License-Identifier: Apache-2.0

/// A picture's light, averaged over the cells of a grid that covers it, whatever its size and form. In whole numbers: the same on every machine.
struct LightGrid {
  private let side: Int
  private let width: Int
  private let height: Int
  /// For each column of the picture the cells that it is part of, each with the share, in ``side``-ths of the column.
  private let columns: [(cell: Int, share: UInt64)]
  private let columnStarts: [Int]
  private var row: [UInt64]
  private var cells: [UInt64]

  init(side: Int, width: Int, height: Int) {
    self.side = side
    self.width = width
    self.height = height
    var (columns, starts): ([(cell: Int, share: UInt64)], [Int]) = ([], [])
    for x in 0..<width {
      starts.append(columns.count)
      columns += Self.shares(of: x, length: width, side: side)
    }
    (self.columns, columnStarts) = (columns, starts + [columns.count])
    row = [UInt64](repeating: 0, count: side)
    cells = [UInt64](repeating: 0, count: side * side)
  }

  private static func shares(of place: Int, length: Int, side: Int) -> [(cell: Int, share: UInt64)] {
    // A column covers `side` of the `length * side` parts that there are, a cell covers `length` of them.
    let (start, end) = (place * side, (place + 1) * side)
    return (start / length...(end - 1) / length).map { cell in
      (cell, UInt64(min(end, (cell + 1) * length) - max(start, cell * length)))
    }
  }

  /// - Parameter points: of the row `y`, `bands` bytes each: light, or red, green and blue; and how solid the point is, if there is one more.
  mutating func add(_ points: UnsafeBufferPointer<UInt8>, y: Int, bands: Int) {
    for cell in 0..<side { row[cell] = 0 }
    let isColour = bands > 2
    let hasAlpha = bands == 2 || bands == 4
    for x in 0..<width {
      let start = x * bands
      var light: UInt64
      if isColour {
        light = (77 * UInt64(points[start]) + 150 * UInt64(points[start + 1]) + 29 * UInt64(points[start + 2])) >> 8
      } else {
        light = UInt64(points[start])
      }
      // On white.
      if hasAlpha {
        let solid = UInt64(points[start + bands - 1])
        light = (light * solid + 255 * (255 - solid)) / 255
      }
      for index in columnStarts[x]..<columnStarts[x + 1] {
        let column = columns[index]
        row[column.cell] &+= light &* column.share
      }
    }
    for (cell, share) in Self.shares(of: y, length: height, side: side) {
      for x in 0..<side { cells[cell * side + x] &+= row[x] &* share }
    }
  }

  /// Upright: turned and mirrored as the picture says (EXIF, 1...8).
  func light(orientation: Int) -> [UInt8] {
    let area = UInt64(width) * UInt64(height)
    let last = side - 1
    return (0..<side).flatMap { y in
      (0..<side).map { x in
        let (column, line) =
          switch orientation {
          case 2: (last - x, y)
          case 3: (last - x, last - y)
          case 4: (x, last - y)
          case 5: (y, x)
          case 6: (y, last - x)
          case 7: (last - y, last - x)
          case 8: (last - y, x)
          default: (x, y)
          }
        return UInt8((cells[line * side + column] + area / 2) / area)
      }
    }
  }
}
