// SPDX-License-Identifier: Apache-2.0

import Accounts
import Archives
import BlobStore
import Domain
import EventStore
import Foundation
import Hummingbird
import NIOCore

/// Takes in the files of an archive while it streams: small ones many at a time, which share the ways to the disk and to the log, larger ones
/// each for itself. What was taken in stays, whatever comes of the rest.
struct ArchiveReceiver: Sendable {
  /// Files of up to this size wait for company.
  static let smallSize: Int64 = 256 << 10
  /// A lot is taken in when it has grown to this.
  static let lotBytes = 4 << 20
  static let lotFiles = 512

  let blobs: any BlobStore
  let ledger: FileLedger
  let maxBytes: Int64

  /// - Throws: ``Problem`` 400 for what is no archive, ``FileLedgerError`` that concern the account, and trouble of store or log.
  func receive(
    _ body: RequestBody, _ request: ArchiveRequest, owner: UUID, correlationId: UUID?
  ) async throws -> ArchiveBody {
    var intake = Intake(receiver: self, request: request, owner: owner, correlationId: correlationId)
    intake.room = try await ledger.room(owner: owner, for: 0)
    var reader = TarReader()
    do {
      for try await buffer in body {
        reader.append(buffer)
        while let item = try reader.next() { try await intake.take(item) }
      }
      try reader.finish()
    } catch {
      await intake.discard()
      guard let error = error as? TarError else { throw error }
      try await intake.takeLot()
      throw Problem.invalidRequest("\(error) The \(intake.outcome.files) files before that were taken in.")
    }
    try await intake.takeLot()
    return intake.outcome
  }
}

/// One archive on its way in.
private struct Intake {
  /// A file whose header has come.
  struct Entry {
    let path: FilePath
    let size: Int64
    let expected: Digest?
    let idempotencyKey: String?
  }

  let receiver: ArchiveReceiver
  let request: ArchiveRequest
  let owner: UUID
  let correlationId: UUID?
  /// What the account has room for, as far as is known.
  var room: Int64 = 0
  var outcome = ArchiveBody()

  private var count = 0
  /// Whose bytes are coming; nil while they are of nobody.
  private var entry: Entry?
  private var small = ByteBuffer()
  private var staged: (any StagedBlob)?
  private var lot: [(entry: Entry, bytes: ByteBuffer)] = []
  private var lotBytes = 0

  init(receiver: ArchiveReceiver, request: ArchiveRequest, owner: UUID, correlationId: UUID?) {
    self.receiver = receiver
    self.request = request
    self.owner = owner
    self.correlationId = correlationId
  }

  mutating func take(_ item: TarReader.Item) async throws {
    switch item {
    case .file(let member): try await begin(member)
    case .bytes(let bytes):
      guard entry != nil else { return }
      if let staged { try await staged.write(bytes) } else { small.writeImmutableBuffer(bytes) }
    case .endOfFile: try await end()
    case .other: outcome.skipped += 1
    }
  }

  private mutating func begin(_ member: TarMember) async throws {
    count += 1
    do {
      let path = try request.path(of: member)
      let entry = Entry(
        path: path, size: member.size, expected: try member.sha256.map(Self.digest),
        idempotencyKey: request.idempotencyKey(number: count, path: path))
      guard member.size <= receiver.maxBytes else { throw Problem.contentTooLarge(limit: receiver.maxBytes) }
      if member.size > room {
        room = try await receiver.ledger.room(owner: owner, for: member.size, idempotencyKey: entry.idempotencyKey)
      }
      room -= member.size
      self.entry = entry
    } catch {
      return outcome.refuse(member.path ?? String(decoding: member.name, as: UTF8.self), try refusal(error))
    }
    if member.size > ArchiveReceiver.smallSize {
      // In the order of the archive: a path may be in it twice.
      try await takeLot()
      staged = try await receiver.blobs.stage()
    } else {
      small = ByteBuffer()
    }
  }

  private mutating func end() async throws {
    guard let entry = self.entry.take() else { return }
    guard let staged else {
      lot.append((entry, small))
      lotBytes += small.readableBytes
      small = ByteBuffer()
      if lotBytes >= ArchiveReceiver.lotBytes || lot.count >= ArchiveReceiver.lotFiles { try await takeLot() }
      return
    }
    do {
      let blob = try await staged.finish(expecting: entry.expected)
      self.staged = nil
      try await upload([(entry, blob)])
    } catch BlobStoreError.mismatch {
      await discard()
      outcome.refuse(entry.path.description, .digestMismatch)
    }
  }

  /// Drops what is on its way.
  mutating func discard() async {
    await staged.take()?.discard()
    entry = nil
  }

  /// Publishes what waits, and enters it in the log.
  mutating func takeLot() async throws {
    let lot = self.lot
    (self.lot, lotBytes) = ([], 0)
    if lot.isEmpty { return }
    let blobs = try await receiver.blobs.publish(lot.map { WholeContent(bytes: $0.bytes, expected: $0.entry.expected) })
    var published: [(entry: Entry, blob: PublishedBlob)] = []
    for ((entry, _), blob) in zip(lot, blobs) {
      switch blob {
      case .success(let blob): published.append((entry, blob))
      case .failure(let error): outcome.refuse(entry.path.description, try refusal(error))
      }
    }
    try await upload(published)
  }

  private mutating func upload(_ files: [(entry: Entry, blob: PublishedBlob)]) async throws {
    let results = await receiver.ledger.upload(
      files.map { entry, blob in
        FileUpload(path: entry.path, digest: blob.digest, size: blob.size, idempotencyKey: entry.idempotencyKey)
      },
      owner: owner, actor: owner, jobClass: request.jobClass, batchId: request.batchId, correlationId: correlationId)
    for (file, result) in zip(files, results) { try note(file.entry, result) }
  }

  private mutating func note(_ entry: Entry, _ result: Result<UploadOutcome, any Error>) throws {
    switch result {
    case .success(.created(_, let position)):
      outcome.created += 1
      outcome.createdBytes += entry.size
      outcome.position = max(outcome.position, position.rawValue)
    case .success(.unchanged(let file)):
      outcome.unchanged += 1
      outcome.position = max(outcome.position, file.position.rawValue)
    case .failure(let error):
      outcome.refuse(entry.path.description, try refusal(error))
    }
  }

  /// What concerns one file is told of it; anything else ends the request.
  private func refusal(_ error: any Error) throws -> Problem {
    let problem = Problem(error)
    let isOfOneFile = [
      Problem.digestMismatch, .idempotencyKeyReused, .pathTaken, .invalidPath(""), .invalidRequest(""),
      .contentTooLarge(limit: 0), .quotaExceeded(""),
    ].contains { $0.name == problem.name }
    guard isOfOneFile else { throw error }
    return problem
  }

  private static func digest(_ hex: String) throws(Problem) -> Digest {
    guard let bytes = [UInt8](hex: hex), bytes.count == Digest.byteCount else {
      throw .invalidRequest("The record \(TarFormat.digestKeyword) must have 64 hexadecimal digits.")
    }
    return Digest(bytes: bytes)
  }
}
