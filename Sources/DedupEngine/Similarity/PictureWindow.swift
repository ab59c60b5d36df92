// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The signs of the low frequencies of a part of a picture, one bit each, the lowest frequencies in the lowest bits.
enum PictureWindow {
  /// Of a window on which there is nothing to see.
  static let flat: UInt64 = 0
  /// The lowest frequencies change least.
  static let keyBits = 20
  static let keyMask: UInt64 = 1 << keyBits - 1

  private static let side = 32
  private static let step = 16
  private static let frequencies = 8
  /// The root mean square of the frequencies below which only noise is left, in levels of light.
  private static let leastEnergy = 2.0

  /// Of all places, from the upper left on, row by row.
  ///
  /// In whole numbers, so that all machines come to the same signs.
  static func all(in light: [UInt8]) -> [UInt64] {
    let starts = Array(stride(from: 0, through: PictureSketcher.side - side, by: step))
    let points = light.map(Int32.init)
    return points.withUnsafeBufferPointer { points in
      waves.withUnsafeBufferPointer { waves in
        // Windows below each other have their rows in common.
        let columns = starts.map { transformedRows(points, waves, from: $0) }
        return starts.flatMap { top in columns.map { signs(of: $0, waves, from: top) } }
      }
    }
  }

  /// Of each row of the picture, the part from `left` on: its frequencies, those of one frequency together.
  private static func transformedRows(
    _ points: UnsafeBufferPointer<Int32>, _ waves: UnsafeBufferPointer<Int32>, from left: Int
  ) -> [Int64] {
    var rows = [Int64](repeating: 0, count: frequencies * PictureSketcher.side)
    for y in 0..<PictureSketcher.side {
      let start = y * PictureSketcher.side + left
      for u in 0..<frequencies {
        var sum: Int32 = 0
        for x in 0..<side { sum &+= points[start + x] &* waves[u * side + x] }
        rows[u * PictureSketcher.side + y] = Int64(sum)
      }
    }
    return rows
  }

  private static func signs(of rows: [Int64], _ waves: UnsafeBufferPointer<Int32>, from top: Int) -> UInt64 {
    var (signs, energy): (UInt64, Double) = (0, 0)
    rows.withUnsafeBufferPointer { rows in
      for (bit, place) in order.enumerated() {
        let start = place.u * PictureSketcher.side + top
        var sum: Int64 = 0
        for y in 0..<side { sum &+= rows[start + y] &* Int64(waves[place.v * side + y]) }
        if sum > 0 { signs |= 1 << UInt64(bit) }
        let level = Double(sum) / scale
        energy += level * level
      }
    }
    // Signs that are all negative are read as "nothing to see": one in 2^64.
    return energy < Double(order.count) * leastEnergy * leastEnergy ? flat : signs
  }

  private static let precision = 14
  /// Of an orthonormal transform.
  private static let scale = Double(1 << (2 * precision)) * Double(side) / 2

  /// cos((2x + 1) f π / 2n) for the frequencies f from 1 on, each with n points.
  private static let waves: [Int32] = (1...frequencies).flatMap { frequency in
    (0..<side).map { place in
      let angle = Double((2 * place + 1) * frequency) * Double.pi / Double(2 * side)
      return Int32((cos(angle) * Double(1 << precision)).rounded())
    }
  }

  /// Pairs of frequencies, the lowest together first.
  private static let order: [(u: Int, v: Int)] = (0..<frequencies * frequencies)
    .map { (u: $0 % frequencies, v: $0 / frequencies) }
    .sorted { ($0.u + $0.v, $0.v) < ($1.u + $1.v, $1.v) }
}
