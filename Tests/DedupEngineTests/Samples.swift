// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import TestSupport

/// Contents that compress differently.
enum Sample: String, CaseIterable, Sendable {
  case random, zeros, text, mixed

  func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    switch self {
    case .zeros: return [UInt8](repeating: 0, count: count)
    case .random: return Self.random(count, &generator)
    case .text: return Self.text(count, &generator)
    case .mixed:
      var bytes: [UInt8] = []
      while bytes.count < count {
        let part = Int.random(in: 1...100_000, using: &generator)
        bytes += Bool.random(using: &generator) ? Self.random(part, &generator) : Self.text(part, &generator)
      }
      return Array(bytes.prefix(count))
    }
  }

  private static func random(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    return Array(bytes.prefix(count))
  }

  private static func text(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    let words = ["log ", "event ", "position ", "blob ", "digest ", "stream\n", "fold ", "once "].map { Array($0.utf8) }
    var bytes: [UInt8] = []
    while bytes.count < count { bytes += words[Int(generator.next() % UInt64(words.count))] }
    return Array(bytes.prefix(count))
  }
}

extension Sketch {
  /// -1 without another.
  func similarity(to other: Sketch?) -> Double { other.map { similarity(to: $0) } ?? -1 }
}
