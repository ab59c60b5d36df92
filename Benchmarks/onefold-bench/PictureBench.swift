// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DedupEngine
import Foundation
import Parsing

/// Sketches of pictures by one child, decoding included.
struct PictureBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "picture", abstract: "Pictures sketched a second.",
    discussion: "Reads the files of a directory into memory, and has them decoded and sketched over and over.")

  @Argument(help: "A directory of pictures.") var directory: String
  @Option(help: "How long to sketch, in seconds.") var seconds = 2.0
  @Flag(help: "Print each file's name and signature instead, `-` for one that is not sketched.") var print = false

  func run() async throws {
    let root = URL(filePath: directory)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    let pictures = try names.map { [UInt8](try Data(contentsOf: root.appending(path: $0))) }
    let parser = BlockingParser()
    if print {
      for (name, picture) in zip(names, pictures) {
        let light = try? parser.light(side: PictureSketcher.side, of: picture)
        let sketch = light.flatMap { PictureSketcher.sketch($0.light) }
        Swift.print(name, sketch.map { Data($0.signature).base64EncodedString() } ?? "-")
      }
      return
    }
    let deadline = ContinuousClock.now + .seconds(seconds)
    let rate = try await Rate.measure {
      var count = 0
      while true {
        for picture in pictures {
          guard ContinuousClock.now < deadline else { return count }
          _ = PictureSketcher.sketch(try parser.light(side: PictureSketcher.side, of: picture).light)
          count += 1
        }
      }
    }
    rate.report()
  }
}
