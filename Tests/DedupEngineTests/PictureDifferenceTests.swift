// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import TestSupport
import Testing

struct PictureDifferenceTests {
  private static func difference(_ left: LightPicture, _ right: LightPicture) -> PictureDifference {
    PictureDifference.between(left.points(PictureDifference.side), right.points(PictureDifference.side))
  }

  @Test func theSamePictureDiffersNowhere() {
    var generator = SeededGenerator.printed()
    let picture = LightPicture.random(using: &generator)
    let found = Self.difference(picture, picture)
    #expect(found.alignment == .whole && found.regions.isEmpty && found.changedShare == 0 && found.lighter == 0)
  }

  @Test func lightAndContrastAreToldApartFromWhatIsOnThePicture() {
    var generator = SeededGenerator.printed()
    let picture = LightPicture.random(using: &generator).map { min(200, max(20, $0)) }
    let found = Self.difference(picture, picture.map { $0 * 0.8 + 60 })
    #expect(found.regions.isEmpty && found.alignment == .whole)
    #expect(found.lighter > 0.05)
  }

  @Test func aMarkIsShownWhereItIs() throws {
    var generator = SeededGenerator.printed()
    let picture = LightPicture.random(using: &generator).map { min(170, $0) }
    let found = Self.difference(picture, picture.marked(at: (0.5, 0.75), size: 0.25))
    let region = try #require(found.regions.first)
    #expect(found.regions.count == 1)
    #expect((region.x, region.y, region.width, region.height) == (0.5, 0.75, 0.25, 0.125))
    #expect(found.changedShare == 0.25 * 0.125)
  }

  @Test func aPictureWhoseEdgesWereCutOffIsLaidOverTheRest() {
    var generator = SeededGenerator.printed()
    let picture = LightPicture.random(using: &generator)
    #expect(Self.difference(picture.inner(0.945), picture).alignment == .leftIsInner)
    #expect(Self.difference(picture, picture.inner(0.945)).alignment == .rightIsInner)
    #expect(Self.difference(picture, picture.inner(0.945)).changedShare < 0.02)
  }
}
