// SPDX-License-Identifier: Apache-2.0

import Archives
import DedupEngine
import Domain
import Foundation
import NIOCore
import Synchronization

/// One run of `push`: what the server lacks is sent, several consignments beside each other.
struct PushRun: Sendable {
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
    private let progress: ProgressBar

    init(progress: ProgressBar) { self.progress = progress }

    var value: Outcome { outcome.withLock { $0 } }

    func update(_ change: (inout Outcome) -> Void) { outcome.withLock { change(&$0) } }

    func fail(_ path: String, _ error: any Error) { update { $0.failures.append((path, "\(error)")) } }

    /// They are done with, whatever came of them.
    func finished(_ files: [LocalTree.File]) {
      progress.update { state in
        state.items += files.count
        state.bytes += files.reduce(0) { $0 + $1.size }
      }
    }
  }

  /// - Parameter known: what the server has below the prefix, by path.
  func run(known: [PathKey: ServerClient.RemoteFile], progress: ProgressBar) async throws -> Outcome {
    let tally = Tally(progress: progress)
    try await Consignment.each(Consignment.plan(tree.files), concurrency: concurrency) { consignment in
      switch consignment {
      case .single(let file): try await send(file, known: known[PathKey(file.path)], tally)
      case .archive(let files, let number): try await send(files, number: number, known: known, tally)
      }
    }
    return tally.value
  }

  private func send(_ file: LocalTree.File, known: ServerClient.RemoteFile?, _ tally: Tally) async throws {
    do {
      // Read twice, here and when it is sent: the second time it comes from memory, and the server can prove what arrived.
      let digest = try FileReader(file.url).digest()
      if Self.isUnchanged(file, digest, known) {
        tally.update { $0.unchanged += 1 }
      } else {
        // One key per file and run: a repeat within the run is the same upload, another run may send the file anew.
        let answer = try await client.upload(
          file, digest: digest, bulk: bulk, batch: batch, idempotencyKey: batch.derived(file.path).text)
        tally.update { outcome in
          if answer.created {
            outcome.sent += 1
            outcome.sentBytes += file.size
          } else {
            outcome.unchanged += 1
          }
          outcome.position = max(outcome.position, answer.position)
        }
      }
    } catch {
      try stopIfCancelled(error)
      tally.fail(file.path, error)
    }
    tally.finished([file])
  }

  private func send(
    _ files: [LocalTree.File], number: Int, known: [PathKey: ServerClient.RemoteFile], _ tally: Tally
  ) async throws {
    var archive = TarWriter()
    var packed: [LocalTree.File] = []
    for file in files {
      do {
        let content = try FileReader(file.url).read(upTo: Int(file.size) + 1)
        guard content.readableBytes == Int(file.size) else { throw CommandError("it changed while it was read") }
        let digest = Digest(bytes: SHA256Hasher.hash(content.readableBytesUInt8Span.bytes))
        if Self.isUnchanged(file, digest, known[PathKey(file.path)]) {
          tally.update { $0.unchanged += 1 }
        } else {
          archive.add(path: file.path, content: content, sha256: digest.hex)
          packed.append(file)
        }
      } catch {
        tally.fail(file.path, error)
      }
    }
    if !packed.isEmpty { try await send(archive.finish(), of: packed, number: number, tally) }
    tally.finished(files)
  }

  private func send(_ archive: ByteBuffer, of files: [LocalTree.File], number: Int, _ tally: Tally) async throws {
    do {
      let answer = try await client.upload(
        archive: archive, bulk: bulk, batch: batch, idempotencyKey: batch.derived("archive \(number)").text)
      tally.update { outcome in
        outcome.sent += answer.created
        outcome.sentBytes += answer.createdBytes
        outcome.unchanged += answer.unchanged
        outcome.position = max(outcome.position, answer.position)
        for refusal in answer.refusals {
          outcome.failures.append((refusal.path, "\(refusal.status): \(refusal.detail ?? refusal.title)"))
        }
      }
    } catch {
      try stopIfCancelled(error)
      for file in files { tally.fail(file.path, error) }
    }
  }

  private static func isUnchanged(_ file: LocalTree.File, _ digest: Digest, _ known: ServerClient.RemoteFile?) -> Bool {
    known?.size == file.size && known?.digest == digest
  }
}
