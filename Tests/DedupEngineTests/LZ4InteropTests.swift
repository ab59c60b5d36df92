// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Testing

/// The frames are ordinary LZ4 files, so nobody needs Onefold to get at their bytes.
@Suite(.enabled("the lz4 command is not installed") { LZ4Command.isInstalled })
struct LZ4InteropTests {
  @Test(arguments: Sample.allCases, [0, 1, 262_144, 700_000])
  func theLZ4CommandUnpacksOurFrames(sample: Sample, size: Int) throws {
    let content = sample.bytes(size, seed: 11)
    #expect(try LZ4Command.run("-d", input: LZ4Frame.compress(content)) == content)
  }

  @Test func theLZ4CommandFindsDamageInOurFrames() throws {
    var frame = try LZ4Frame.compress(Sample.text.bytes(300_000, seed: 12))
    frame[frame.count / 2] ^= 1
    #expect(throws: LZ4Command.Failed.self) { try LZ4Command.run("-d", input: frame) }
  }

  @Test func aFrameOfTheLZ4CommandHasNoSeekIndexAndIsRefused() throws {
    let foreign = try LZ4Command.run("-z", input: Sample.text.bytes(10_000, seed: 13))
    #expect(throws: LZ4FrameError.self) { try LZ4Frame.decompress(foreign) }
  }
}

private enum LZ4Command {
  struct Failed: Error {}

  static let path = "/usr/bin/lz4"

  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

  static func run(_ flag: String, input: [UInt8]) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "onefold-\(UUID().uuidString).lz4")
    try Data(input).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = [flag, "-q", "-c", file.path]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
    return [UInt8](bytes)
  }
}
