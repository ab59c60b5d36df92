// SPDX-License-Identifier: Apache-2.0

import Archives
import DedupEngine
import Domain
import Foundation
import NIOCore
import Synchronization

/// One run of `push`: what the server lacks is sent, several consignments beside each other.
struct PushRun: Sendable {
  /// No other is begun while those on their way have more bytes than this: large files would only share the way there.
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
  func run(known: [String: ServerClient.RemoteFile], progress: ProgressBar) async throws -> Outcome {
    let tally = Tally(progress: progress)
    try await withThrowingTaskGroup(of: Int64.self) { group in
      var (count, bytes) = (0, Int64(0))
      for consignment in Consignment.plan(tree.files) {
        while count == concurrency || bytes > Self.bytesOnTheirWay, let size = try await group.next() {
          count -= 1
          bytes -= size
        }
        count += 1
        bytes += consignment.byteCount
        group.addTask {
          switch consignment {
          case .single(let file): try await send(file, known: known[file.path], tally)
          case .archive(let files, let number): try await send(files, number: number, known: known, tally)
          }
          return consignment.byteCount
        }
      }
      try await group.waitForAll()
    }
    return tally.value
  }

  private func send(_ file: LocalTree.File, known: ServerClient.RemoteFile?, _ tally: Tally) async throws {
    do {
      let digest = try Self.digest(of: file)
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
      try Self.stopIfCancelled(error)
      tally.fail(file.path, error)
    }
    tally.finished([file])
  }

  private func send(
    _ files: [LocalTree.File], number: Int, known: [String: ServerClient.RemoteFile], _ tally: Tally
  ) async throws {
    var archive = TarWriter()
    var packed: [LocalTree.File] = []
    for file in files {
      do {
        let content = try FileReader(file.url).read(upTo: Int(file.size) + 1)
        guard content.readableBytes == Int(file.size) else { throw CommandError("it changed while it was read") }
        let digest = Digest(bytes: SHA256Hasher.hash(content.readableBytesUInt8Span.bytes))
        if Self.isUnchanged(file, digest, known[file.path]) {
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
      try Self.stopIfCancelled(error)
      for file in files { tally.fail(file.path, error) }
    }
  }

  private static func isUnchanged(_ file: LocalTree.File, _ digest: Digest, _ known: ServerClient.RemoteFile?) -> Bool {
    known?.size == file.size && known?.digest == digest
  }

  private static func stopIfCancelled(_ error: any Error) throws {
    if error is CancellationError { throw error }
    try Task.checkCancellation()
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
