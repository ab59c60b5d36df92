// SPDX-License-Identifier: Apache-2.0

public import BlobStore
import Foundation

/// An S3 service (moto) as a child of the tests: it ends with them, because its standard input does.
public final class S3Server: Sendable {
  public let address: String
  private let input: FileHandle

  /// One for all tests of this process. Nil where moto is not installed (`make setup-tests` does that): then what needs it is left out, and
  /// that is said.
  public static let shared: S3Server? = {
    guard let server = S3Server() else {
      print("NOT TESTED: no S3 service. Run make setup-tests, which installs moto.")
      return nil
    }
    return server
  }()

  private init?() {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
    let python = root.appending(path: ".venv/bin/python")
    guard FileManager.default.isExecutableFile(atPath: python.path) else { return nil }
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = python
    process.arguments = [root.appending(path: "Tests/EndToEnd/support/s3_server.py").path]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    var line = ""
    while !line.hasSuffix("\n") {
      let bytes = output.fileHandleForReading.availableData
      guard !bytes.isEmpty else { return nil }
      line += String(decoding: bytes, as: UTF8.self)
    }
    address = line.trimmingCharacters(in: .whitespacesAndNewlines)
    self.input = input.fileHandleForWriting
  }

  /// A place in the bucket that nobody else uses.
  public func configuration() throws -> S3Configuration {
    try S3Configuration(
      endpoint: address, bucket: "onefold", prefix: UUID().uuidString.lowercased(), accessKey: "key",
      secretKey: "secret")
  }
}
