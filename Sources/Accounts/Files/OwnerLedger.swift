// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// Commands that were given together, and wait for their answers together. Only its ledger touches it.
private final class PendingRequest {
  private var results: [Result<FileAnswer, any Error>?]
  private var openCount: Int
  private let continuation: CheckedContinuation<[Result<FileAnswer, any Error>], Never>

  init(count: Int, _ continuation: CheckedContinuation<[Result<FileAnswer, any Error>], Never>) {
    results = Array(repeating: nil, count: count)
    openCount = count
    self.continuation = continuation
  }

  func answer(_ result: Result<FileAnswer, any Error>, at place: Int) {
    results[place] = result
    openCount -= 1
    if openCount == 0 { continuation.resume(returning: results.compactMap(\.self)) }
  }
}

/// Decides one owner's commands, in rounds: what arrives while a round is being appended is the next round.
///
/// The log, not this actor, is what keeps the promises: with several servers there is one such actor in each, and a round that was
/// decided on yesterday's state is refused for its version and decided again.
actor OwnerLedger {
  private struct Pending {
    let command: FileCommand
    /// What it was asked with, and its place there.
    let request: PendingRequest
    let place: Int
    /// How often the log has refused it for a version.
    var conflicts = 0
    /// The upload may be in the log already, from a first attempt whose answer was lost.
    var looksBack = false

    func answer(_ result: Result<FileAnswer, any Error>) { request.answer(result, at: place) }
  }

  /// Everything that decisions are made on, read together.
  private struct Material {
    var state: OwnerState
    var records: [UUID: FileRecord]
    var indexed: [PathKey: UUID]
  }

  private static let roundLimit = 512
  /// Each failure means that another server got ahead; twenty in a row leave some seconds between.
  private static let conflictLimit = 20

  private let owner: UUID
  private let log: any EventLog
  private let index: any FileIndex

  private var waiting: [Pending] = []
  private var isRunning = false
  /// Nil when it has to be loaded.
  private var state: OwnerState?

  init(owner: UUID, log: any EventLog, index: any FileIndex) {
    self.owner = owner
    self.log = log
    self.index = index
  }

  /// Performs commands in their order.
  /// - Returns: for each its answer, or ``FileLedgerError``, or the error of the log or of the read model.
  func perform(_ commands: [FileCommand]) async -> [Result<FileAnswer, any Error>] {
    if commands.isEmpty { return [] }
    return await withCheckedContinuation { continuation in
      let request = PendingRequest(count: commands.count, continuation)
      for (place, command) in commands.enumerated() {
        waiting.append(Pending(command: command, request: request, place: place))
      }
      guard !isRunning else { return }
      isRunning = true
      // Escapes the cancellation of whoever came first: a round serves everyone who waits. It ends when nobody does.
      Task { await run() }
    }
  }

  /// - Returns: How many more bytes the account may hold: as this ledger knows it when that is enough, as the log has it otherwise.
  /// - Throws: ``FileLedgerError``, or the error of the log or of the read model.
  func room(for bytes: Int64) async throws -> Int64 {
    if let known = state?.account, known.status == .active, known.room >= bytes { return known.room }
    var latest = OwnerState(owner: owner)
    try await readAccount(into: &latest)
    do throws(AccountDecider.Refusal) {
      _ = try AccountDecider.decide(.charge(fileId: .v7(), bytes: bytes), latest.account, accountId: owner)
    } catch {
      throw FileLedgerError(error)
    }
    return latest.account.room
  }

  /// The bytes of an upload that was accepted before; nil when none was.
  ///
  /// - Throws: the error of the log.
  func charged(for identity: UploadIdentity) async throws -> Int64? {
    guard let record = try await records([identity.fileId])[identity.fileId], record.owner == owner else { return nil }
    return record.upload?.size
  }

  private func run() async {
    while !waiting.isEmpty {
      let round = Array(waiting.prefix(Self.roundLimit))
      waiting.removeFirst(round.count)
      let refused = await perform(round)
      guard let worst = refused.map(\.conflicts).max() else { continue }
      waiting.insert(contentsOf: refused, at: 0)
      // Jitter, so that two servers do not keep step.
      if worst > 1 { try? await Task.sleep(for: .microseconds(Int.random(in: 0...(500 << min(worst, 8))))) }
    }
    isRunning = false
  }

  /// - Returns: What has to be decided again.
  private func perform(_ round: [Pending]) async -> [Pending] {
    var round = round
    do {
      let plan = try await plan(&round)
      let appends = plan.appends
      guard !appends.isEmpty else {
        settle(round, plan, first: .start, at: nil)
        return []
      }
      let result = try await log.append(appends)
      // Else a repetition is this round itself, committed although the log's connection broke.
      if result.isRepeat, plan.isRepeatable { return retry(round, looksBack: true) }
      settle(round, plan, first: result.first, at: result.recordedAt)
      return []
    } catch let error as EventLogError {
      return retry(round, looksBack: !error.isAboutAccount)
    } catch {
      state = nil
      for pending in round { pending.answer(.failure(error)) }
      return []
    }
  }

  private func plan(_ round: inout [Pending]) async throws -> RoundPlan {
    var isLatest = state == nil
    while true {
      let material = try await gather(for: round)
      var plan = RoundPlan(state: material.state, records: material.records, indexed: material.indexed)
      for pending in round { try plan.decide(pending.command) }
      // A refusal holds only against a state that was read after the command came, and not for an upload that was accepted before.
      if isLatest || !plan.hasRefusalByState { return plan }
      for index in round.indices { round[index].looksBack = round[index].command.uploaded?.isKeyed ?? false }
      state = nil
      isLatest = true
    }
  }

  /// Tells everyone what came of the round, now that the log has taken it.
  ///
  /// - Parameters:
  ///   - first: the position of the round's first event; the others follow without a hole.
  ///   - time: when they were recorded.
  private func settle(_ round: [Pending], _ plan: RoundPlan, first: Position, at time: Date?) {
    var next = plan.state
    var head = first.rawValue - 1
    var uploads: [UUID: Position] = [:]
    for (pending, decision) in zip(round, plan.decisions) {
      switch decision {
      case .append(let unit):
        head += unit.appends.reduce(0) { $0 + Int64($1.events.count) }
        let position = Position(head)
        if let path = unit.path { next.claim(path, by: unit.fileId, at: position) }
        if unit.record.version == 1 { uploads[unit.fileId] = position }
        let record = unit.record.recorded(at: uploads[unit.fileId], time)
        pending.answer(.success(.changed(record.stored(), position: position)))
      case .unchanged(let record):
        let record = record.recorded(at: record.upload.flatMap { uploads[$0.fileId] }, time)
        pending.answer(.success(.unchanged(record.stored())))
      case .repeated(let record):
        let record = record.recorded(at: record.upload.flatMap { uploads[$0.fileId] }, time)
        pending.answer(.success(.changed(record.storedAsUploaded(), position: record.position)))
      case .done(let record, let position):
        pending.answer(.success(.changed(record.stored(), position: position)))
      case .refuse(let refusal):
        pending.answer(.failure(refusal))
      }
    }
    state = next
  }

  /// - Returns: What has to be decided again, on a state that is loaded anew.
  private func retry(_ round: [Pending], looksBack: Bool) -> [Pending] {
    state = nil
    return round.compactMap { pending in
      guard pending.conflicts < Self.conflictLimit else {
        pending.answer(.failure(FileLedgerError.contended))
        return nil
      }
      var pending = pending
      pending.conflicts += 1
      pending.looksBack = looksBack && pending.command.uploaded != nil
      return pending
    }
  }
}

extension OwnerLedger {
  /// Reads what the round's decisions need. Its last step is to read what was appended after the read model, so that as little time as
  /// can be lies between that and the append.
  ///
  /// The owner's state is loaded when there is none.
  private func gather(for round: [Pending]) async throws -> Material {
    var records = try await records(
      round.compactMap { $0.looksBack ? $0.command.uploaded?.fileId : $0.command.subject })
    let paths = Dictionary(round.compactMap { $0.command.path(in: records) }.map { (PathKey($0), $0) }) { first, _ in
      first
    }
    let answer = try await index.liveFiles(owner: owner, paths: Array(paths.values))

    var current: OwnerState
    if let state, answer.position >= state.indexed {
      current = state
      current.index(reached: answer.position)
    } else {
      // Also when the read model went back, as it may when it is rebuilt: the claims that were forgotten are needed again.
      current = try await load(indexed: answer.position)
    }
    let candidates = paths.keys.compactMap { current.claims[$0]?.fileId ?? answer.files[$0] }
    let missing = try await self.records(candidates.filter { records[$0] == nil })
    records.merge(missing) { known, _ in known }
    return Material(state: current, records: records, indexed: answer.files)
  }

  /// - Parameter position: what the read model's answer reflects; every claim after it is read from the log.
  private func load(indexed position: Position) async throws -> OwnerState {
    var loaded = OwnerState(owner: owner)
    loaded.indexed = position
    try await readAccount(into: &loaded)

    // After the account: a claim that came in between is known here, and merely makes the version the older of the two.
    for recorded in try await events(after: position) {
      try loaded.fold(account: [recorded])
      switch try FileEvent(type: recorded.type, payload: recorded.payload) {
      case .uploaded(let file):
        loaded.claim(file.path, by: file.fileId, at: recorded.position)
      case .restored(let file):
        if let upload = try await records([file.fileId])[file.fileId]?.upload {
          loaded.claim(upload.path, by: file.fileId, at: recorded.position)
        }
      case .trashed, .removed, nil: break
      }
    }
    return loaded
  }

  /// What the read model has of the account, and what its stream has after that.
  private func readAccount(into loaded: inout OwnerState) async throws {
    if let account = try await index.account(owner) {
      loaded.account = account.state
      loaded.version = account.version
    }
    var page: [RecordedEvent]
    repeat {
      page = try await log.read(stream: loaded.stream, after: loaded.version, limit: 1000)
      try loaded.fold(account: page)
    } while page.count == 1000
  }

  private func events(after position: Position) async throws -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    var cursor = position
    while true {
      let page = try await log.page(after: cursor, limit: 1000, filter: .owner(owner))
      events += page.events
      if page.isLast { return events }
      cursor = page.through
    }
  }

  private func records(_ ids: [UUID]) async throws -> [UUID: FileRecord] {
    guard !ids.isEmpty else { return [:] }
    var records: [UUID: FileRecord] = [:]
    let last = try await log.lastEvents(of: Set(ids).map(StreamName.file))
    for id in Set(ids) {
      guard let event = last[.file(id)] else { continue }
      // Nothing happened to most files but their upload: one look for all of them is enough.
      let events = event.version == 1 ? [event] : try await log.read(stream: .file(id), after: 0, limit: .max)
      var record = FileRecord()
      try record.fold(events)
      records[id] = record
    }
    return records
  }
}

extension EventLogError {
  /// Of an owner's account; otherwise it is about the file itself.
  fileprivate var isAboutAccount: Bool {
    if case .versionConflict(let stream, _, _) = self { stream.category == "account" } else { false }
  }
}

extension AccountDecider.State {
  /// Never negative, also when the quota was lowered below what is held.
  fileprivate var room: Int64 { max(0, quotaBytes - usedBytes) }
}
