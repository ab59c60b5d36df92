// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DedupEngine
import Foundation
import Synchronization

/// Cutting contents into chunks, alone and with all that storing does to each.
struct ChunkBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chunk", abstract: "Bytes of a file cut into chunks a second.")

  @Argument(help: "The file, read into memory first.") var path: String
  @Option(help: "How long, in seconds.") var seconds = 2.0
  @Option(help: "Average bytes of a chunk, a power of two.") var average = 16 << 10
  @Option(help: "Most bytes of a chunk.") var maximum = 128 << 10
  @Option(help: "Threads, each with the whole file.") var threads = 1
  @Flag(help: "Hash each chunk, and compress those that were not met before.") var pipeline = false
  @Flag(help: "Print the share of the bytes that is left once each chunk is kept once instead.") var unique = false

  func run() async throws {
    let content = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let parameters = ChunkingParameters(minimum: average / 4, average: average, maximum: maximum, normalization: 2)
    let chunker = Chunker(parameters, gear: GearTable(secret: [1, 2, 3]))
    if unique {
      print(Double(kept(content, chunker)) / Double(content.count))
      return
    }
    let deadline = ContinuousClock.now + .seconds(seconds)
    let rate = try await Rate.measure {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<threads {
          group.addTask {
            var bytes = 0
            repeat {
              if pipeline { _ = try store(content, chunker) } else { cut(content, chunker) }
              bytes += content.count
            } while ContinuousClock.now < deadline
            return bytes
          }
        }
        return try await group.reduce(0, +)
      }
    }
    rate.report()
  }

  private func cut(_ content: [UInt8], _ chunker: Chunker) {
    _ = chunker.cut(content.span.bytes, isLast: true) { _ in }
  }

  private func kept(_ content: [UInt8], _ chunker: Chunker) -> Int {
    var known: Set<[UInt8]> = []
    var kept = 0
    let bytes = content.span.bytes
    _ = chunker.cut(bytes, isLast: true) { range in
      if known.insert(SHA256Hasher.hash(bytes.extracting(range))).inserted { kept += range.count }
    }
    return kept
  }

  private func store(_ content: [UInt8], _ chunker: Chunker) throws -> Int {
    var known: Set<[UInt8]> = []
    var stored: [UInt8] = []
    var compressor = ChunkCompressor()
    var count = 0
    let bytes = content.span.bytes
    _ = try chunker.cut(bytes, isLast: true) { range in
      let chunk = bytes.extracting(range)
      guard known.insert(SHA256Hasher.hash(chunk)).inserted else { return }
      stored.removeAll(keepingCapacity: true)
      _ = compressor.append(chunk, to: &stored)
      count += stored.count
    }
    return count
  }
}
