// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore
import Synchronization

/// One run of `push`: what the server lacks is sent, several files beside each other.
struct PushRun: Sendable {
  /// Small files are sent many at a time, since each waits for the disk of the server. Of large ones so many would only share the way
  /// there: no other file is begun while those on their way have more bytes than this.
  private static let bytesOnTheirWay: Int64 = 64 << 20

  let client: ServerClient
  let tree: LocalTree
  let concurrency: Int
  let bulk: Bool
  /// Names what this run sends, to the server too.
  let batch = UUID.v7()

  struct Outcome: Sendable {
    var sent = 0
    var sentBytes: Int64 = 0
    var unchanged = 0
    var position: Int64 = 0
    var failures: [(path: String, reason: String)] = []
  }

  /// What the uploads that run beside each other add up to.
  private final class Tally: Sendable {
    private let outcome = Mutex(Outcome())

    var value: Outcome { outcome.withLock { $0 } }

    func update(_ change: (inout Outcome) -> Void) { outcome.withLock { change(&$0) } }
  }

  /// - Parameter known: what the server has below the prefix, by path.
  func run(known: [String: ServerClient.RemoteFile], progress: ProgressBar) async throws -> Outcome {
    let outcome = Tally()
    try await withThrowingTaskGroup(of: Int64.self) { group in
      var (count, bytes) = (0, Int64(0))
      for file in tree.files {
        while count == concurrency || bytes > Self.bytesOnTheirWay, let size = try await group.next() {
          count -= 1
          bytes -= size
        }
        count += 1
        bytes += file.size
        group.addTask {
          try await send(file, known: known[file.path], outcome, progress)
          return file.size
        }
      }
      try await group.waitForAll()
    }
    return outcome.value
  }

  private func send(
    _ file: LocalTree.File, known: ServerClient.RemoteFile?, _ outcome: Tally, _ progress: ProgressBar
  ) async throws {
    do {
      let digest = try Self.digest(of: file)
      if let known, known.size == file.size, known.digest == digest {
        outcome.update { $0.unchanged += 1 }
      } else {
        // One key per file and run: a repeat within the run is the same upload, another run may send the file anew.
        let answer = try await client.upload(
          file, digest: digest, bulk: bulk, batch: batch, idempotencyKey: batch.derived(file.path).text)
        outcome.update { outcome in
          if answer.created {
            outcome.sent += 1
            outcome.sentBytes += file.size
          } else {
            outcome.unchanged += 1
          }
          outcome.position = max(outcome.position, answer.position)
        }
      }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      try Task.checkCancellation()
      outcome.update { $0.failures.append((file.path, "\(error)")) }
    }
    progress.update { state in
      state.items += 1
      state.bytes += file.size
    }
  }

  /// Read twice, here and when it is sent: the second time it comes from memory, and the server can prove what arrived.
  private static func digest(of file: LocalTree.File) throws -> Digest {
    let reader = try FileReader(file.url)
    var hasher = SHA256Hasher()
    while true {
      let piece = try reader.read(upTo: 1 << 20)
      if piece.readableBytes == 0 { break }
      hasher.update(piece.readableBytesUInt8Span.bytes)
    }
    return Digest(bytes: hasher.finish())
  }
}
