// SPDX-License-Identifier: Apache-2.0

/// A generator that gives the same numbers for the same seed on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

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
