// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Synchronization

/// Decides what happens to files, and keeps three promises whatever runs at the same time, on this server or another:
///
/// - an account never holds more bytes than its quota allowed when they were charged;
/// - a path has one live file;
/// - an upload sent again under its idempotency key happens once, and is answered as the first time.
///
/// The proof is in ``OwnerState``: every claim of a path and every charge takes one version of the account's stream.
public final class FileLedger: Sendable {
  private struct Owners {
    var ledgers: [UUID: (ledger: OwnerLedger, used: UInt64)] = [:]
    var clock: UInt64 = 0
  }

  private let log: any EventLog
  private let index: any FileIndex
  private let ownerLimit: Int
  private let owners = Mutex(Owners())

  /// - Parameter ownerLimit: how many owners' states are kept in memory; those unused for longest are dropped, and loaded again
  ///   when they are needed.
  public init(log: any EventLog, index: any FileIndex, ownerLimit: Int = 1000) {
    self.log = log
    self.index = index
    self.ownerLimit = max(1, ownerLimit)
  }

  /// Takes in a file whose bytes are durable. A live file of the same path with other bytes goes to the trash with it.
  ///
  /// - Parameters:
  ///   - contentType: as the client says it; what cannot be one (control characters, more than 255 bytes) is left out.
  ///   - size: logical bytes, charged to the owner whether or not the bytes are kept already.
  ///   - batchId: what the client sends together with others; a name for their progress, no more.
  ///   - idempotencyKey: any text of the client's choice, for one upload and its repetitions.
  /// - Throws: ``FileLedgerError``, or the error of the log or of the read model.
  public func upload(
    owner: UUID, actor: UUID, path: FilePath, digest: Digest, size: Int64, contentType: String?, jobClass: JobClass,
    batchId: UUID? = nil, idempotencyKey: String? = nil, correlationId: UUID? = nil
  ) async throws -> UploadOutcome {
    let upload = FileUpload(
      path: path, digest: digest, size: size, contentType: contentType, idempotencyKey: idempotencyKey)
    let outcomes = await self.upload(
      [upload], owner: owner, actor: actor, jobClass: jobClass, batchId: batchId, correlationId: correlationId)
    return try outcomes[0].get()
  }

  /// Takes in many files, one after the other: as many single uploads would, in fewer appends.
  /// - Returns: for each, in order, what it came to, or what the single upload would throw.
  public func upload(
    _ uploads: [FileUpload], owner: UUID, actor: UUID, jobClass: JobClass, batchId: UUID? = nil,
    correlationId: UUID? = nil
  ) async -> [Result<UploadOutcome, any Error>] {
    let commands = uploads.map { upload in
      precondition(upload.size >= 0, "a file has no negative size")
      let identity =
        upload.idempotencyKey.map { UploadIdentity(RequestKey(account: owner, text: $0)) } ?? UploadIdentity()
      let file = FileUploaded(
        fileId: identity.fileId, path: upload.path.description, digest: upload.digest, size: upload.size,
        contentType: upload.contentType.flatMap(Self.contentType), jobClass: jobClass, batchId: batchId)
      return FileCommand(action: .upload(file, identity), actor: actor, correlationId: correlationId)
    }
    return await ledger(of: owner).perform(commands).map { result in
      result.map { answer in
        switch answer {
        case .changed(let file, let position): .created(file, position: position)
        case .unchanged(let file): .unchanged(file)
        }
      }
    }
  }

  /// How many more bytes the account may hold: to refuse an upload before its body is read. What counts is decided by
  /// ``upload(owner:actor:path:digest:size:contentType:jobClass:batchId:idempotencyKey:correlationId:)``.
  ///
  /// - Parameters:
  ///   - bytes: what is about to come; nil when that is not known.
  ///   - idempotencyKey: of the upload. One that was accepted under it before has its bytes charged, and needs no other room.
  /// - Throws: ``FileLedgerError/quotaExceeded(limit:used:requested:)`` when that does not fit by the latest state of the account,
  ///   ``FileLedgerError/accountDisabled``, ``FileLedgerError/unknownAccount``, or the error of the log or of the read model.
  public func room(owner: UUID, for bytes: Int64?, idempotencyKey: String? = nil) async throws -> Int64 {
    let ledger = ledger(of: owner)
    let identity = idempotencyKey.map { UploadIdentity(RequestKey(account: owner, text: $0)) }
    do {
      let room = try await ledger.room(for: bytes ?? 0)
      guard bytes == nil, let identity else { return room }
      return max(room, try await ledger.charged(for: identity) ?? 0)
    } catch let refusal as FileLedgerError {
      guard case .quotaExceeded = refusal, let identity, let size = try await ledger.charged(for: identity) else {
        throw refusal
      }
      return size
    }
  }

  // The key of the request: a command sent again under it happens once, and is answered by what it came to.

  /// - Throws: ``FileLedgerError/unknownFile``, ``FileLedgerError/fileIsTrashed``, or the error of the log or of the read model.
  public func trash(
    _ fileId: UUID, owner: UUID, actor: UUID, key: RequestKey? = nil, correlationId: UUID? = nil
  ) async throws -> FileChange {
    FileChange(try await perform(.trash(fileId), owner, actor, key, correlationId))
  }

  /// - Throws: ``FileLedgerError/unknownFile``, ``FileLedgerError/fileIsLive``, ``FileLedgerError/pathTaken(by:)``, or the error
  ///   of the log or of the read model.
  public func restore(
    _ fileId: UUID, owner: UUID, actor: UUID, key: RequestKey? = nil, correlationId: UUID? = nil
  ) async throws -> FileChange {
    FileChange(try await perform(.restore(fileId), owner, actor, key, correlationId))
  }

  /// Removes a file for good, live or trashed, and gives back what it was charged.
  ///
  /// - Throws: ``FileLedgerError/unknownFile``, or the error of the log or of the read model.
  public func remove(
    _ fileId: UUID, owner: UUID, actor: UUID, key: RequestKey? = nil, correlationId: UUID? = nil
  ) async throws -> FileChange {
    FileChange(try await perform(.remove(fileId), owner, actor, key, correlationId))
  }

  /// Removes files that have been in the trash since a time, and still are: whoever restored one meanwhile keeps it.
  ///
  /// - Returns: how many were removed, and their bytes. Nobody is named as having done it.
  /// - Throws: the error of the log or of the read model.
  func expire(_ files: [UUID], owner: UUID, trashedBy time: Date) async throws -> (files: Int, bytes: Int64) {
    let commands = files.map { FileCommand(action: .expire($0, trashedBy: time), actor: nil, correlationId: nil) }
    var removed: (files: Int, bytes: Int64) = (0, 0)
    for result in await ledger(of: owner).perform(commands) {
      do {
        if case .changed(let file, _) = try result.get() { removed = (removed.files + 1, removed.bytes + file.size) }
      } catch is FileLedgerError {
        // It was restored, or removed by somebody.
      }
    }
    return removed
  }

  /// JSON and a read table would have to carry what is in it: a NUL, for one, no column of Postgres can hold.
  private static func contentType(_ text: String) -> String? {
    let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    return isPlain && !text.isEmpty && text.utf8.count <= 255 ? text : nil
  }

  private func perform(
    _ action: FileCommand.Action, _ owner: UUID, _ actor: UUID, _ key: RequestKey?, _ correlationId: UUID?
  ) async throws -> FileAnswer {
    let command = FileCommand(action: action, actor: actor, key: key, correlationId: correlationId)
    return try await ledger(of: owner).perform([command])[0].get()
  }

  private func ledger(of owner: UUID) -> OwnerLedger {
    owners.withLock { owners in
      owners.clock += 1
      if let known = owners.ledgers[owner]?.ledger {
        owners.ledgers[owner] = (known, owners.clock)
        return known
      }
      if owners.ledgers.count >= ownerLimit, let idlest = owners.ledgers.min(by: { $0.value.used < $1.value.used }) {
        // Even if it is at work: it finishes, and a second ledger of the owner is no worse than another server's.
        owners.ledgers[idlest.key] = nil
      }
      let ledger = OwnerLedger(owner: owner, log: log, index: index)
      owners.ledgers[owner] = (ledger, owners.clock)
      return ledger
    }
  }
}

extension FileChange {
  fileprivate init(_ answer: FileAnswer) {
    switch answer {
    case .changed(let file, let position): self.init(file: file, position: position)
    case .unchanged(let file): self.init(file: file, position: file.position)
    }
  }
}
