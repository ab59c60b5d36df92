// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Foundation

/// Tells a file's life in the events of the log, also after the file was removed.
///
/// What happened to the file itself, and what its own job told of it. Events of its content belong to nobody and are left out: they
/// might tell of another owner.
public struct FileHistory: Sendable {
  public struct Entry: Equatable, Sendable {
    public var event: RecordedEvent
    /// The other file of the same owner that the event is about.
    public var other: Other?
  }

  public struct Other: Equatable, Sendable {
    public var id: UUID
    public var path: String
  }

  /// Positions of the append that ends a job: more than it ever has.
  private static let appendSpan: Int64 = 8

  private let log: any EventLog

  public init(log: any EventLog) { self.log = log }

  /// A part of a file's life, oldest first; nil when no file of this owner ever had the id.
  ///
  /// Costs a handful of look-ups by stream, and one for each other file.
  /// - Parameter after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the log's error.
  public func entries(of file: UUID, owner: UUID, limit: Int = 50, after: String? = nil) async throws -> Page<Entry>? {
    let cursor = try after.cursor(HistoryCursor.self)
    let stream = StreamName(category: "file", id: file)
    guard let upload = try await log.read(stream: stream, after: 0, limit: 1).first, upload.owner == owner,
      upload.type == FileUploaded.eventType
    else { return nil }
    let own = try await log.read(stream: stream, after: cursor?.version ?? 0, limit: limit + 1)
    var events = own + (try await told(by: upload, owner: owner))
    // What the job told after the last of these belongs to a later part.
    if own.count > limit, let last = own.last { events.removeAll { $0.position > last.position } }
    if let cursor { events.removeAll { $0.position.rawValue <= cursor.position } }
    events.sort { $0.position < $1.position }
    let page = Page(events, limit: limit) { event in
      HistoryCursor(
        position: event.position.rawValue,
        version: own.last { $0.position <= event.position }?.version ?? cursor?.version ?? 0)
    }
    var entries: [Entry] = []
    for event in page.items { entries.append(Entry(event: event, other: try await other(of: event, owner: owner))) }
    return Page(items: entries, next: page.next)
  }

  /// The events of the file's job, and those that its end brought with it for this owner.
  private func told(by upload: RecordedEvent, owner: UUID) async throws -> [RecordedEvent] {
    // A job's id is that of the event that queued it.
    let job = try await log.read(stream: StreamName(category: "job", id: upload.id), after: 0, limit: 100)
    guard let end = job.last(where: { $0.type == JobSucceeded.eventType })?.position.rawValue else { return job }
    let append = (max(1, end - Self.appendSpan)..<end).map { Position($0) }
    let results = try await log.events(at: append).filter { $0.causationId == upload.id && $0.owner == owner }
    let known = Set(job.map(\.position))
    return job + results.filter { !known.contains($0.position) }
  }

  private func other(of event: RecordedEvent, owner: UUID) async throws -> Other? {
    let id: UUID? =
      switch event.type {
      case DuplicateMatched.eventType: try event.decode(DuplicateMatched.self).originalId
      case FileTrashed.eventType: try event.decode(FileTrashed.self).replacedBy
      default: nil
      }
    guard let id,
      let upload = try await log.read(stream: StreamName(category: "file", id: id), after: 0, limit: 1).first,
      upload.owner == owner, upload.type == FileUploaded.eventType
    else { return nil }
    return Other(id: id, path: try upload.decode(FileUploaded.self).path)
  }
}

struct HistoryCursor: ListCursor, Equatable {
  static let list = "history"

  var position: Int64
  /// Of the file's stream, at that position.
  var version: Int64
}
