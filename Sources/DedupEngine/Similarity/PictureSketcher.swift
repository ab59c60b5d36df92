// SPDX-License-Identifier: Apache-2.0

/// Sketches pictures by where they are light and dark (`img1`).
///
/// A picture is looked at as 64 by 64 points of light, whatever its size and form, through nine windows of 32 by 32 points, each half over the
/// next. Of each window the signs of 64 low frequencies are kept (of its cosine transform, without the constant ones). They stay what they are when
/// the picture is scaled, compressed, brightened or blurred; a mark in a corner changes the windows that see it and no others. All of that
/// twice: of the whole picture, and of its inner part, so that a picture whose edges were cut off, or that got a border, is met.
public enum PictureSketcher {
  /// Points of light a side.
  public static let side = 64
  /// Sizes of contents that are looked at, in bytes.
  public static let sizes: ClosedRange<Int64> = 64...64 << 20

  static let windowCount = 9
  /// Of each window, as is and of the inner part.
  static let windowBytes = 8
  static let signatureBytes = 2 * windowCount * windowBytes

  /// Windows that are not flat, at least: fewer say too little, and blank pages would all be alike.
  static let leastWeight = 5
  /// How much of a side the inner part has.
  static let innerShare = 0.945

  /// False when the first bytes of a content show that it is no picture of a form that is looked at: JPEG, PNG, GIF, WebP, TIFF.
  public static func mayBePicture(_ bytes: some Collection<UInt8>) -> Bool {
    let head = Array(bytes.prefix(12))
    if head.starts(with: Array("RIFF".utf8)) { return head.dropFirst(8).elementsEqual("WEBP".utf8) }
    return beginnings.contains { head.starts(with: $0) }
  }

  private static let beginnings: [[UInt8]] = [
    [0xff, 0xd8, 0xff], [0x89] + Array("PNG\r\n".utf8), Array("GIF8".utf8), [0x49, 0x49, 42, 0], [0x4d, 0x4d, 0, 42],
  ]

  /// Nil for a picture on which there is too little to see.
  ///
  /// - Parameter light: of ``side`` rows of ``side`` points each, the upper left one first; 0 is black, 255 white.
  public static func sketch(_ light: [UInt8]) -> Sketch? {
    precondition(light.count == side * side, "\(side) rows of \(side) points")
    let whole = PictureWindow.all(in: light)
    let weight = whole.count { $0 != PictureWindow.flat }
    guard weight >= leastWeight else { return nil }
    let inner = PictureWindow.all(in: innerPart(of: light))
    return Sketch(algorithm: .picture, signature: (whole + inner).flatMap(\.littleEndianBytes), weight: weight)
  }

  /// The middle of the picture, stretched to the same number of points.
  private static func innerPart(of light: [UInt8]) -> [UInt8] {
    // In 256ths of a point: the same on every machine.
    let places = (0..<side).map { index in
      let middle = Double(side - 1) / 2
      return Int(((middle + (Double(index) - middle) * innerShare) * 256).rounded())
    }
    return places.flatMap { y in
      places.map { x in
        let (top, left) = (min(y >> 8, side - 2), min(x >> 8, side - 2))
        let (down, right) = (y - top << 8, x - left << 8)
        let upper = blend(light[top * side + left], light[top * side + left + 1], right)
        let lower = blend(light[(top + 1) * side + left], light[(top + 1) * side + left + 1], right)
        return UInt8(truncatingIfNeeded: (upper * (256 - down) + lower * down + 1 << 15) >> 16)
      }
    }
  }

  private static func blend(_ first: UInt8, _ second: UInt8, _ share: Int) -> Int {
    Int(first) * (256 - share) + Int(second) * share
  }

  /// Look-up keys: of every window the signs of its lowest frequencies. A window of the inner part may meet one of a whole picture.
  static func keys(of signature: [UInt8]) -> [UInt64] {
    let windows = windows(of: signature)
    return windows.indices.compactMap { index in
      let window = windows[index]
      guard window != PictureWindow.flat else { return nil }
      return (UInt64(index % windowCount) << PictureWindow.keyBits | window & PictureWindow.keyMask).mixed
    }
  }

  /// 1 for the same signs, about 0 for pictures that have nothing to do with each other.
  static func similarity(_ left: [UInt8], _ right: [UInt8]) -> Double {
    let (left, right) = (windows(of: left), windows(of: right))
    let (whole, inner) = (0..<windowCount, windowCount..<2 * windowCount)
    let distance = min(
      distance(left[whole], right[whole]), distance(left[inner], right[whole]), distance(left[whole], right[inner]))
    return max(0, 1 - 2 * distance)
  }

  /// The fraction of signs that differ, nearly all of it over the two thirds of the windows that differ least: a third may be hidden under a
  /// mark. The rest says which of two marked pictures is more like this one.
  private static func distance(_ left: ArraySlice<UInt64>, _ right: ArraySlice<UInt64>) -> Double {
    var distances: [Int] = []
    for (left, right) in zip(left, right) where left != PictureWindow.flat || right != PictureWindow.flat {
      // Something beside nothing is as unlike as by chance.
      let isOneFlat = left == PictureWindow.flat || right == PictureWindow.flat
      distances.append(isOneFlat ? UInt64.bitWidth / 2 : (left ^ right).nonzeroBitCount)
    }
    guard distances.count >= leastWeight else { return 1 }
    distances.sort()
    let least = distances.prefix((distances.count * 2 + 2) / 3)
    return 0.9 * mean(least) + 0.1 * mean(distances[...])
  }

  private static func mean(_ distances: ArraySlice<Int>) -> Double {
    Double(distances.reduce(0, +)) / Double(distances.count * UInt64.bitWidth)
  }

  private static func windows(of signature: [UInt8]) -> [UInt64] {
    signature.withUnsafeBytes { bytes in
      (0..<bytes.count / windowBytes).map {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * windowBytes, as: UInt64.self))
      }
    }
  }
}

extension UInt64 {
  fileprivate var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}
