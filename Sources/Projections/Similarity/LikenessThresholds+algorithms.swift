// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
public import Domain

extension LikenessThresholds {
  /// All that is found, which is where everybody begins.
  public static let all = LikenessThresholds(
    text: SketchAlgorithm.text.leastSimilarity, picture: SketchAlgorithm.picture.leastSimilarity, bytes: leastBytes,
    sameContent: true)

  /// More than any score where such pairs do not count.
  func least(of algorithm: SketchAlgorithm) -> Double {
    switch algorithm {
    case .text: text ?? 2
    case .picture: picture ?? 2
    case .bytes: bytes ?? 2
    case .canonical: sameContent ? 0 : 2
    }
  }
}
