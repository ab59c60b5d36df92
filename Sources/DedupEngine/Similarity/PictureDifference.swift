// SPDX-License-Identifier: Apache-2.0

/// Where two pictures differ, for people to look at: the one is laid over the other, as light or dark and as contrasty as it.
public struct PictureDifference: Sendable, Equatable {
  /// A rectangle, in fractions of the picture's width and height from the upper left.
  public struct Region: Sendable, Equatable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double
  }

  /// How one lies over the other.
  public enum Alignment: String, Sendable, CaseIterable {
    case whole
    /// The left picture shows what is within the edges of the right one, or the other way round.
    case leftIsInner, rightIsInner
  }

  public var alignment: Alignment
  /// How much lighter the right picture is in the mean, -1...1.
  public var lighter: Double
  /// The part of the area that differs, 0...1.
  public var changedShare: Double
  /// Of the left picture, the largest first.
  public var regions: [Region]

  /// Points of light a side that ``between(_:_:limit:)`` takes.
  public static let side = 128
  private static let cell = 8
  private static let cells = side / cell
  /// What compression and scaling change, in levels of light.
  private static let noise = 12.0

  /// - Parameters:
  ///   - left, right: ``side`` rows of ``side`` points, 0...255.
  ///   - limit: of ``regions``.
  public static func between(_ left: [UInt8], _ right: [UInt8], limit: Int = 20) -> PictureDifference {
    precondition(left.count == side * side && right.count == side * side, "\(side) rows of \(side) points")
    let (leftLight, rightLight) = (left.map(Double.init), right.map(Double.init))
    let fits = Alignment.allCases.map { alignment in
      let laid = alignment == .leftIsInner ? inner(rightLight) : rightLight
      let under = alignment == .rightIsInner ? inner(leftLight) : leftLight
      return (alignment: alignment, cells: differences(under, laid))
    }
    // The one in which most of the area is the same; of equals the whole.
    let best = fits.min { middle($0.cells) + 0.01 < middle($1.cells) } ?? fits[0]
    let changed = best.cells.map { $0 > noise }
    let all = regions(of: changed)
    return PictureDifference(
      alignment: best.alignment,
      lighter: (rightLight.reduce(0, +) - leftLight.reduce(0, +)) / Double(side * side * 255),
      changedShare: Double(changed.count { $0 }) / Double(changed.count), regions: Array(all.prefix(limit)))
  }

  private static func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// The middle, stretched to the same number of points, as ``PictureSketcher`` looks at it.
  private static func inner(_ light: [Double]) -> [Double] {
    let middle = Double(side - 1) / 2
    let places = (0..<side).map { middle + (Double($0) - middle) * PictureSketcher.innerShare }
    return places.flatMap { y in
      places.map { x in
        let (top, leftmost) = (Int(y), Int(x))
        let (down, across) = (y - Double(top), x - Double(leftmost))
        let start = top * side + leftmost
        let upper = light[start] * (1 - across) + light[start + 1] * across
        let lower = light[start + side] * (1 - across) + light[start + side + 1] * across
        return upper * (1 - down) + lower * down
      }
    }
  }

  /// The mean difference in each cell, once the right light is scaled and shifted to fit the left one.
  private static func differences(_ left: [Double], _ right: [Double]) -> [Double] {
    // Fitted to all, and then to the three quarters that fit best: a changed part must not pull the rest with it.
    var chosen = Array(left.indices)
    var fit = line(through: chosen, left, right)
    let errors = left.indices.map { abs(left[$0] - (fit.gain * right[$0] + fit.shift)) }
    let limit = errors.sorted()[errors.count * 3 / 4]
    chosen = chosen.filter { errors[$0] <= limit }
    fit = line(through: chosen, left, right)
    var sums = [Double](repeating: 0, count: cells * cells)
    for index in left.indices {
      let place = index / side / cell * cells + index % side / cell
      sums[place] += abs(left[index] - (fit.gain * right[index] + fit.shift))
    }
    return sums.map { $0 / Double(cell * cell) }
  }

  /// By least squares.
  private static func line(through places: [Int], _ left: [Double], _ right: [Double]) -> (gain: Double, shift: Double)
  {
    let count = Double(max(1, places.count))
    let (x, y) = (places.reduce(0) { $0 + right[$1] } / count, places.reduce(0) { $0 + left[$1] } / count)
    let spread = places.reduce(0) { $0 + (right[$1] - x) * (right[$1] - x) }
    guard spread > 0 else { return (1, y - x) }
    let gain = places.reduce(0) { $0 + (right[$1] - x) * (left[$1] - y) } / spread
    return (gain, y - gain * x)
  }

  /// Rectangles round changed cells that touch each other.
  private static func regions(of changed: [Bool]) -> [Region] {
    var seen = changed.map(!)
    var found: [(cells: Int, region: Region)] = []
    for start in changed.indices where !seen[start] {
      var (rows, columns) = (start / cells...start / cells, start % cells...start % cells)
      var (stack, count) = ([start], 0)
      seen[start] = true
      while let place = stack.popLast() {
        let (row, column) = (place / cells, place % cells)
        count += 1
        rows = min(rows.lowerBound, row)...max(rows.upperBound, row)
        columns = min(columns.lowerBound, column)...max(columns.upperBound, column)
        for (nextRow, nextColumn) in [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        where (0..<cells).contains(nextRow) && (0..<cells).contains(nextColumn) && !seen[nextRow * cells + nextColumn] {
          seen[nextRow * cells + nextColumn] = true
          stack.append(nextRow * cells + nextColumn)
        }
      }
      let unit = 1 / Double(cells)
      found.append(
        (
          count,
          Region(
            x: Double(columns.lowerBound) * unit, y: Double(rows.lowerBound) * unit,
            width: Double(columns.count) * unit, height: Double(rows.count) * unit)
        ))
    }
    return found.sorted { $0.cells > $1.cells }.map(\.region)
  }
}
