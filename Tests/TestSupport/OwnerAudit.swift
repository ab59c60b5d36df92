// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Foundation

/// A plain recount of one owner's part of the log, independent of the ledger's own folding, with every broken promise on its way.
public struct OwnerAudit {
  public private(set) var quota: Int64 = 0
  public private(set) var used: Int64 = 0
  /// Bytes by file, of all that were not removed.
  public private(set) var sizes: [UUID: Int64] = [:]
  public private(set) var paths: [UUID: String] = [:]
  /// By the bytes of their paths.
  private var live: [[UInt8]: Set<UUID>] = [:]
  public private(set) var uploads = 0
  public private(set) var violations: [String] = []

  /// - Throws: `EventDecodingError`.
  public init(of owner: UUID, _ events: [RecordedEvent]) throws {
    for event in events where event.owner == owner { try fold(event) }
  }

  public var liveFiles: [String: UUID] {
    live.reduce(into: [:]) { files, entry in files[String(decoding: entry.key, as: UTF8.self)] = entry.value.first }
  }

  private mutating func fold(_ recorded: RecordedEvent) throws {
    func check(_ holds: Bool, _ promise: String) {
      if !holds { violations.append("\(promise), at \(recorded.position) \(recorded.type)") }
    }
    switch recorded.type {
    case AccountRegistered.eventType: quota = try recorded.decode(AccountRegistered.self).quotaBytes
    case AccountQuotaSet.eventType: quota = try recorded.decode(AccountQuotaSet.self).quotaBytes
    case AccountQuotaCharged.eventType:
      let event = try recorded.decode(AccountQuotaCharged.self)
      used += event.bytes
      check(event.usedBytes == used, "the event says what is used: \(event.usedBytes) of \(used)")
      check(event.bytes == 0 || used <= quota, "no charge above the quota: \(used) of \(quota)")
    case AccountQuotaReleased.eventType:
      let event = try recorded.decode(AccountQuotaReleased.self)
      used -= event.bytes
      check(event.usedBytes == used && used >= 0, "the event says what is used: \(event.usedBytes) of \(used)")
    case FileUploaded.eventType:
      let event = try recorded.decode(FileUploaded.self)
      check(sizes[event.fileId] == nil, "a file is uploaded once")
      uploads += 1
      sizes[event.fileId] = event.size
      paths[event.fileId] = event.path
      live[Array(event.path.utf8), default: []].insert(event.fileId)
      // A charge stands right before its upload.
      check(used == sizes.values.reduce(0, +), "what is used is what the files have")
    case FileTrashed.eventType: leave(try recorded.decode(FileTrashed.self).fileId)
    case FileRestored.eventType:
      let id = try recorded.decode(FileRestored.self).fileId
      live[Array((paths[id] ?? "").utf8), default: []].insert(id)
    case FileRemoved.eventType:
      let id = try recorded.decode(FileRemoved.self).fileId
      leave(id)
      check(sizes.removeValue(forKey: id) != nil, "a file is removed once")
      check(used == sizes.values.reduce(0, +), "what is used is what the files have")
    default: break
    }
    check(live.values.allSatisfy { $0.count <= 1 }, "a path has one live file")
  }

  private mutating func leave(_ id: UUID) { live[Array((paths[id] ?? "").utf8)]?.remove(id) }
}
