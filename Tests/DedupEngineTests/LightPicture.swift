// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation

/// A picture as a function of its place: 0...1 from left to right, and from top to bottom; 0...255 of light.
struct LightPicture {
  let light: (Double, Double) -> Double

  init(_ light: @escaping (Double, Double) -> Double) { self.light = light }

  /// Some tens of blots and waves.
  static func random(using generator: inout some RandomNumberGenerator) -> LightPicture {
    let parts = (0..<60).map { _ in
      (
        x: Double.random(in: 0...1, using: &generator), y: Double.random(in: 0...1, using: &generator),
        size: Double.random(in: 0.02...0.15, using: &generator), level: Double.random(in: -130...130, using: &generator)
      )
    }
    return LightPicture { x, y in
      parts.reduce(128) { sum, part in
        let distance = ((x - part.x) * (x - part.x) + (y - part.y) * (y - part.y)) / (part.size * part.size)
        return sum + part.level * exp(-distance)
      }
    }
  }

  func map(_ change: @escaping (Double) -> Double) -> LightPicture { LightPicture { change(light($0, $1)) } }

  /// The middle, of so much of each side.
  func inner(_ share: Double) -> LightPicture {
    LightPicture { x, y in light(0.5 + (x - 0.5) * share, 0.5 + (y - 0.5) * share) }
  }

  /// Black for a part of each side.
  func framed(_ share: Double) -> LightPicture {
    LightPicture { x, y in
      let (u, v) = (0.5 + (x - 0.5) / (1 - share), 0.5 + (y - 0.5) / (1 - share))
      return (0...1).contains(u) && (0...1).contains(v) ? light(u, v) : 0
    }
  }

  /// A white rectangle.
  func marked(at place: (x: Double, y: Double), size: Double) -> LightPicture {
    LightPicture { x, y in
      (place.x..<place.x + size).contains(x) && (place.y..<place.y + size / 2).contains(y) ? 255 : light(x, y)
    }
  }

  func blurred() -> LightPicture {
    LightPicture { x, y in
      let shifts = [-0.01, 0, 0.01]
      return shifts.reduce(0) { sum, dx in sum + shifts.reduce(0) { $0 + light(x + dx, y + $1) } } / 9
    }
  }

  func points(_ side: Int) -> [UInt8] {
    (0..<side).flatMap { row in
      (0..<side).map { column in
        let value = light((Double(column) + 0.5) / Double(side), (Double(row) + 0.5) / Double(side))
        return UInt8(min(255, max(0, value)).rounded())
      }
    }
  }

  var sketch: Sketch? { PictureSketcher.sketch(points(PictureSketcher.side)) }
}
