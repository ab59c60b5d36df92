// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// Decides the commands of one round, one after another: each sees what those before it will have done. Pure.
///
/// The round is one append. It cannot be one append for each command, each naming the version that the one before it will have made: if
/// another server takes that version first, the first of them is refused, and the second finds the version it named, made by someone else.
struct RoundPlan {
  /// What one command comes to.
  enum Decision {
    case append(Unit)
    /// The path has these bytes already.
    case unchanged(FileRecord)
    /// The same upload was answered before.
    case repeated(FileRecord)
    /// The same command was, and its last event is there.
    case done(FileRecord, at: Position)
    case refuse(FileLedgerError)
  }

  /// One command's part of the append.
  struct Unit {
    var appends: [StreamAppend] = []
    let fileId: UUID
    /// The file as the unit leaves it.
    var record = FileRecord()
    /// What the unit claims, if it does.
    var path: String?
    /// The events' identifiers follow from an idempotency key: someone else may append the same.
    var isKeyed = false
  }

  private(set) var state: OwnerState
  /// The files that the commands are about, by id.
  private(set) var records: [UUID: FileRecord]
  /// Live files by path, as the read model has them.
  private let indexed: [PathKey: UUID]
  private(set) var decisions: [Decision] = []

  init(state: OwnerState, records: [UUID: FileRecord], indexed: [PathKey: UUID]) {
    self.state = state
    self.records = records
    self.indexed = indexed
  }

  /// Whether some refusal depends on the account, or on who has a path, and so on the state being the latest.
  var hasRefusalByState: Bool {
    decisions.contains { decision in
      guard case .refuse(let refusal) = decision else { return false }
      return switch refusal {
      case .quotaExceeded, .unknownAccount, .accountDisabled, .pathTaken, .contended: true
      default: false
      }
    }
  }

  /// Whether the log could hold these very events from elsewhere, where they were decided on another state.
  var isRepeatable: Bool {
    decisions.allSatisfy { if case .append(let unit) = $0 { unit.isKeyed } else { true } }
  }

  /// What is to be appended, whole or not at all.
  var appends: [StreamAppend] {
    decisions.flatMap { decision -> [StreamAppend] in
      if case .append(let unit) = decision { unit.appends } else { [] }
    }
  }

  /// - Throws: `EncodingError`, for a payload that JSON cannot hold.
  mutating func decide(_ command: FileCommand) throws {
    do {
      decisions.append(try decision(on: command))
    } catch let refusal as FileLedgerError {
      decisions.append(.refuse(refusal))
    }
  }

  private mutating func decision(on command: FileCommand) throws -> Decision {
    switch command.action {
    case .upload(let file, let identity): try upload(file, identity, command)
    case .trash(let id): try trash(id, command)
    case .restore(let id): try restore(id, command)
    case .remove(let id): try remove(id, command)
    case .expire(let id, let time): try expire(id, trashedBy: time, command)
    }
  }

  // MARK: Commands

  private mutating func upload(
    _ file: FileUploaded, _ identity: UploadIdentity, _ command: FileCommand
  ) throws -> Decision {
    if let record = records[identity.fileId], let first = record.upload, record.owner == state.owner {
      guard PathKey(first.path) == PathKey(file.path), first.digest == file.digest, first.size == file.size else {
        throw FileLedgerError.idempotencyKeyReused
      }
      return .repeated(record)
    }
    var unit = Unit(fileId: file.fileId, path: file.path, isKeyed: identity.isKeyed)
    var replaced: (event: FileEvent, record: FileRecord, id: UUID)?
    if let (id, record) = liveFile(at: file.path) {
      if record.upload?.digest == file.digest { return .unchanged(record) }
      for event in try decide(.replace(by: file.fileId), record) { replaced = (event, record, id) }
    }
    try touchAccount(.charge(fileId: file.fileId, bytes: file.size), id: identity.charged, &unit, command)
    if let (event, record, id) = replaced {
      try append(event, id: identity.trashed, to: id, record, &unit, command)
    }
    for event in try decide(.upload(file), FileRecord()) {
      // Last, so that the unit's last position is the upload's.
      try append(event, id: identity.uploaded, to: file.fileId, FileRecord(), &unit, command)
    }
    return .append(unit)
  }

  private mutating func restore(_ id: UUID, _ command: FileCommand) throws -> Decision {
    let record = try own(id)
    let eventId = command.eventId("restored")
    if let position = record.places[eventId] { return .done(record, at: position) }
    let events = try decide(.restore, record)
    guard let path = record.upload?.path else { throw FileLedgerError.unknownFile }
    if let (other, _) = liveFile(at: path) { throw FileLedgerError.pathTaken(by: other) }
    var unit = Unit(fileId: id, path: path, isKeyed: command.key != nil)
    // What is in the trash stays charged; the charge of nothing takes the version that every claim of a path takes.
    try touchAccount(.charge(fileId: id, bytes: 0), id: command.eventId("charged"), &unit, command)
    for event in events { try append(event, id: eventId, to: id, record, &unit, command) }
    return .append(unit)
  }

  private mutating func remove(_ id: UUID, _ command: FileCommand) throws -> Decision {
    let record = try own(id)
    let eventId = command.eventId("removed")
    if let position = record.places[eventId] { return .done(record, at: position) }
    let events = try decide(.remove, record)
    var unit = Unit(fileId: id, isKeyed: command.key != nil)
    try touchAccount(
      .release(fileId: id, bytes: record.upload?.size ?? 0), id: command.eventId("released"), &unit, command)
    for event in events { try append(event, id: eventId, to: id, record, &unit, command) }
    return .append(unit)
  }

  private mutating func expire(_ id: UUID, trashedBy time: Date, _ command: FileCommand) throws -> Decision {
    guard case .trashed = try own(id).state, let trashedAt = records[id]?.trashedAt, trashedAt <= time else {
      throw FileLedgerError.fileIsLive
    }
    return try remove(id, command)
  }

  private mutating func trash(_ id: UUID, _ command: FileCommand) throws -> Decision {
    let record = try own(id)
    let eventId = command.eventId("trashed")
    if let position = record.places[eventId] { return .done(record, at: position) }
    var unit = Unit(fileId: id, isKeyed: command.key != nil)
    for event in try decide(.trash, record) { try append(event, id: eventId, to: id, record, &unit, command) }
    return .append(unit)
  }

  // MARK: Parts

  private func own(_ id: UUID) throws(FileLedgerError) -> FileRecord {
    guard let record = records[id], record.owner == state.owner else { throw .unknownFile }
    return record
  }

  /// Whoever claimed the path last has it, unless the file's own stream says that it left.
  private func liveFile(at path: String) -> (id: UUID, record: FileRecord)? {
    let key = PathKey(path)
    guard let id = state.claims[key]?.fileId ?? indexed[key], let record = records[id], record.isLive(at: path)
    else { return nil }
    return (id, record)
  }

  private func decide(_ command: FileDecider.Command, _ record: FileRecord) throws(FileLedgerError) -> [FileEvent] {
    do throws(FileDecider.Refusal) {
      return try FileDecider.decide(command, record.state)
    } catch {
      throw FileLedgerError(error)
    }
  }

  private mutating func touchAccount(
    _ change: AccountDecider.Command, id: UUID, _ unit: inout Unit, _ command: FileCommand
  ) throws {
    let events: [AccountEvent]
    do throws(AccountDecider.Refusal) {
      events = try AccountDecider.decide(change, state.account, accountId: state.owner)
    } catch {
      throw FileLedgerError(error)
    }
    let expected = ExpectedVersion.exactly(state.version)
    for event in events {
      unit.appends.append(
        StreamAppend(stream: state.stream, expected: expected, events: [try newEvent(event.payload, id, command)]))
      state.account = AccountDecider.evolve(state.account, event)
      state.version += 1
    }
  }

  private mutating func append(
    _ event: FileEvent, id: UUID, to fileId: UUID, _ record: FileRecord, _ unit: inout Unit, _ command: FileCommand
  ) throws {
    unit.appends.append(
      StreamAppend(
        stream: .file(fileId), expected: record.version == 0 ? .noStream : .exactly(record.version),
        events: [try newEvent(event.payload, id, command)]))
    var next = record
    next.owner = state.owner
    next.apply(event, at: .notYetKnown)
    records[fileId] = next
    guard fileId == unit.fileId else { return }
    unit.record = next
    if let path = unit.path { state.claim(path, by: fileId, at: .notYetKnown) }
  }

  private func newEvent(_ event: any DomainEvent, _ id: UUID, _ command: FileCommand) throws -> NewEvent {
    try NewEvent(
      event, id: id, owner: state.owner, actor: command.actor, correlationId: command.correlationId)
  }
}

extension Position {
  /// Of what is still to be appended: after all that any read model has reached.
  static let notYetKnown = Position(.max)
}

extension Date {
  /// Of what is still to be appended.
  static let notYetKnown = Date.distantFuture
}
