// SPDX-License-Identifier: Apache-2.0

import CVips
import DedupEngine
import Glibc
import Parsing

/// Decodes pictures with libvips: JPEG, PNG, WebP, GIF and TIFF, the first picture of each.
struct PictureReader {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static let formats = ["Jpeg", "Png", "Webp", "Nsgif", "Tiff"]
  private static let stripHeight = 16

  init() throws {
    guard vips_init("onefold-parser") == 0 else { throw Failure(description: "libvips: \(Self.complaint)") }
    // All readers but these few are forbidden; each more is more that a file can be crafted for.
    vips_operation_block_set("VipsForeignLoad", 1)
    for format in Self.formats { vips_operation_block_set("VipsForeignLoad\(format)", 0) }
    // One content after the other: nothing is asked for twice.
    vips_cache_set_max(0)
    vips_concurrency_set(1)
  }

  /// Averages by itself: setting up libvips' operations for that takes longer than decoding most pictures.
  func light(of content: [UInt8], side: Int) -> ParserAnswer {
    picture(content) { bytes, header in
      let shrink = Self.shrink(bytes, header, side)
      let opened =
        shrink > 1
        ? onefold_vips_open_jpeg(bytes.baseAddress, bytes.count, Int32(shrink))
        : onefold_vips_open(bytes.baseAddress, bytes.count)
      guard let opened else { return nil }
      defer { g_object_unref(opened) }
      let isPlain =
        opened.pointee.BandFmt == VIPS_FORMAT_UCHAR && (1...4).contains(opened.pointee.Bands)
        && [VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_B_W].contains(opened.pointee.Type)
      guard let plain = isPlain ? opened : onefold_vips_grey(opened) else { return nil }
      defer { if !isPlain { g_object_unref(plain) } }
      guard let (grid, points) = Self.grid(of: plain, side) else { return nil }
      let orientation = Int(vips_image_get_orientation(header))
      var (width, height) = (Int(header.pointee.Xsize), Int(header.pointee.Ysize))
      if orientation >= 5 { swap(&width, &height) }
      // Of several pictures in a file only the first is looked at.
      let isWhole = isPlain && vips_image_get_n_pages(header) == 1
      let identity =
        bytes.starts(with: [0xff, 0xd8])
        ? JPEGIdentity.of(bytes, orientation) : isWhole ? Self.identity(points, orientation) : nil
      return ParsedLight(
        width: width, height: height, light: grid.light(orientation: orientation), identity: identity
      ).wire
    }
  }

  /// Half as many points again as are asked for stay.
  private static func shrink(_ bytes: UnsafeRawBufferPointer, _ header: UnsafeMutablePointer<VipsImage>, _ side: Int)
    -> Int
  {
    guard bytes.starts(with: [0xff, 0xd8]) else { return 1 }
    let least = Int(min(header.pointee.Xsize, header.pointee.Ysize))
    return [8, 4, 2].first { least / $0 >= side * 3 / 2 } ?? 1
  }

  private static func identity(_ points: [UInt8], _ orientation: Int) -> [UInt8] {
    SHA256Hasher.hash([UInt8(truncatingIfNeeded: orientation)] + points)
  }

  /// With the digest of the points and of what form they are in.
  private static func grid(
    of image: UnsafeMutablePointer<VipsImage>, _ side: Int
  ) -> (grid: LightGrid, points: [UInt8])? {
    let (width, height) = (Int(image.pointee.Xsize), Int(image.pointee.Ysize))
    let bands = Int(image.pointee.Bands)
    guard let region = vips_region_new(image) else { return nil }
    defer { g_object_unref(region) }
    var grid = LightGrid(side: side, width: width, height: height)
    var points = SHA256Hasher()
    points.update([UInt32(width), UInt32(height), UInt32(bands)].span.bytes)
    for top in stride(from: 0, to: height, by: stripHeight) {
      let count = min(stripHeight, height - top)
      var rowBytes = 0
      guard let rows = onefold_vips_rows(region, Int32(top), Int32(count), &rowBytes) else { return nil }
      for y in 0..<count {
        let row = UnsafeBufferPointer(start: rows + y * rowBytes, count: width * bands)
        grid.add(row, y: top + y, bands: bands)
        points.update(RawSpan(_unsafeElements: row))
      }
    }
    return (grid, points.finish())
  }

  func preview(of content: [UInt8], side: Int) -> ParserAnswer {
    picture(content) { bytes, _ in
      guard let thumbnail = onefold_vips_thumbnail(bytes.baseAddress, bytes.count, Int32(side), Int32(side)) else {
        return nil
      }
      defer { g_object_unref(thumbnail) }
      Self.forgetNotes(of: thumbnail)
      var (memory, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
      guard onefold_vips_webp(thumbnail, &memory, &size, 80) == 0, let memory else { return nil }
      defer { g_free(memory) }
      return Array(UnsafeRawBufferPointer(start: memory, count: size))
    }
  }

  /// Where and by whom a picture was taken. libvips writes EXIF anew from what it has read, even when it is asked to leave it out.
  private static func forgetNotes(of image: UnsafeMutablePointer<VipsImage>) {
    guard let fields = vips_image_get_fields(image) else { return }
    defer { g_strfreev(fields) }
    var field = fields
    while let name = field.pointee {
      if noteNames.contains(where: { strncmp(name, $0, $0.utf8.count) == 0 }) { vips_image_remove(image, name) }
      field += 1
    }
  }

  private static let noteNames = ["exif-", "xmp-", "iptc-", "photoshop-", "gif-", "png-comment"]

  /// Looks at the header first: a few bytes can promise more points than a machine has memory for.
  private func picture(
    _ content: [UInt8], _ read: (UnsafeRawBufferPointer, _ header: UnsafeMutablePointer<VipsImage>) -> [UInt8]?
  ) -> ParserAnswer {
    content.withUnsafeBytes { bytes in
      vips_error_clear()
      guard let header = onefold_vips_open(bytes.baseAddress, bytes.count) else { return .unreadable(Self.complaint) }
      defer { g_object_unref(header) }
      let (width, height) = (Int(header.pointee.Xsize), Int(header.pointee.Ysize))
      guard width > 0, height > 0, width * height <= ParserLimits.points else {
        return .unreadable("It has \(width) × \(height) points, more than \(ParserLimits.points).")
      }
      guard let body = read(bytes, header), body.count <= ParserAnswer.sizeLimit else {
        return .unreadable(Self.complaint)
      }
      return .answer(body)
    }
  }

  /// What libvips says is wrong; its first line, in plain characters.
  private static var complaint: String {
    let text = String(cString: vips_error_buffer()).split(separator: "\n").first ?? "It cannot be read."
    vips_error_clear()
    return String(text.unicodeScalars.map { $0.isASCII && $0.value >= 32 ? Character($0) : "?" }.prefix(160))
  }
}
