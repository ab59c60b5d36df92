// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Glibc
import Synchronization

/// Where an export goes: a file that appears under its name once it is whole, or standard output.
final class ExportSink: Sendable {
  private struct State: ~Copyable {
    let handle: FileHandle
    var encoder: LZ4StreamEncoder?
    var output: [UInt8] = []
  }

  private let path: String?
  private let state: Mutex<State>

  private static func draft(_ path: String) -> String { path + ".partial" }

  /// - Parameter path: `-` is standard output; a name that ends in `.lz4` is compressed.
  init(path: String) throws {
    self.path = path == "-" ? nil : path
    var handle = FileHandle.standardOutput
    if path != "-" {
      guard
        FileManager.default.createFile(atPath: Self.draft(path), contents: nil, attributes: [.posixPermissions: 0o600]),
        let file = FileHandle(forWritingAtPath: Self.draft(path))
      else { throw CommandError("\(path): \(String(cString: strerror(errno)))") }
      handle = file
    }
    state = Mutex(State(handle: handle, encoder: path.hasSuffix(".lz4") ? try LZ4StreamEncoder() : nil))
    try state.withLock { state in try state.encoder?.begin(into: &state.output) }
  }

  func write(_ bytes: [UInt8]) throws {
    try state.withLock { state in
      guard state.encoder != nil else { return try state.handle.write(contentsOf: bytes) }
      try state.encoder?.add(bytes, into: &state.output)
      try state.handle.write(contentsOf: state.output)
      state.output.removeAll(keepingCapacity: true)
    }
  }

  /// Completes the file, on the disk, under its name.
  func finish() throws {
    try state.withLock { state in
      if let encoder = state.encoder.take() {
        try encoder.finish(into: &state.output)
        try state.handle.write(contentsOf: state.output)
      }
      guard let path else { return }
      try state.handle.synchronize()
      try state.handle.close()
      guard rename(Self.draft(path), path) == 0 else {
        throw CommandError("\(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Leaves nothing behind.
  func abandon() {
    if let path { unlink(Self.draft(path)) }
  }
}
