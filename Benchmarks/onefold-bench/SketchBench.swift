// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DedupEngine
import Foundation

/// Sketches of texts, or of bytes, on one core.
struct SketchBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sketch", abstract: "Bytes sketched a second.",
    discussion: "Reads texts from standard input, with a zero byte after each; or one content of any kind.")

  @Option(help: "How long to sketch, in seconds.") var seconds = 2.0
  @Flag(help: "What is read is one content, sketched by its bytes.") var bytes = false
  @Flag(help: "Print each text's weight and signature instead, `-` for one that is not sketched.") var print = false

  func run() async throws {
    let texts = try FileHandle.standardInput.readToEnd().map { [UInt8]($0) } ?? []
    if bytes { return try await measureBytes(of: texts) }
    let documents = texts.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    if print {
      for document in documents {
        let sketch = TextSketcher.sketch(document.span)
        Swift.print(
          sketch.map { "\($0.weight) \($0.signature.map { String($0, radix: 16) }.joined(separator: ","))" } ?? "-")
      }
      return
    }
    let deadline = ContinuousClock.now + .seconds(seconds)
    let rate = try await Rate.measure {
      var bytes = 0
      while true {
        for document in documents {
          guard ContinuousClock.now < deadline else { return bytes }
          _ = TextSketcher.sketch(document.span)
          bytes += document.count
        }
      }
    }
    rate.report()
  }

  private func measureBytes(of content: [UInt8]) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    let rate = try await Rate.measure {
      var bytes = 0
      while ContinuousClock.now < deadline {
        _ = ByteSketcher.sketch(content)
        bytes += content.count
      }
      return bytes
    }
    rate.report()
  }
}
