// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What a busy installation's log says: accounts that upload, three files in ten of a content they have already, and the jobs that settle
/// each file some hundred uploads later. The same seed gives the same history.
struct SyntheticHistory: Sequence, IteratorProtocol {
  private struct File {
    var number: Int
    var owner: Int
    var content: Int
    /// The owner's first file with this content; nil when it is this one.
    var original: Int?
  }

  /// Uploads between a file's and its job's.
  private static let backlog = 300

  private let owners: Int
  private let seed: UInt64
  private var used: [Int64]
  private var registered = 0
  private var uploads = 0
  private var open: [File] = []
  private var settles = false

  init(owners: Int, seed: UInt64) {
    self.owners = owners
    self.seed = seed
    used = [Int64](repeating: 0, count: owners)
  }

  /// One append after another, without end: each upload as one, and each job's results as one.
  mutating func next() -> [StreamAppend]? {
    if registered < owners {
      registered += 1
      return [account(registered - 1)]
    }
    defer { settles.toggle() }
    if settles, open.count > Self.backlog { return settle(open.removeFirst()) }
    return upload()
  }

  private func account(_ owner: Int) -> StreamAppend {
    let id = self.id(owner, 0)
    let event = AccountRegistered(accountId: id, email: "person\(owner)@example.org", role: .user, quotaBytes: 1 << 50)
    return part("account", id.text, event, id: self.id(owner, 1), owner: id)
  }

  private mutating func upload() -> [StreamAppend] {
    let number = owners + uploads
    let owner = uploads % owners
    // Every owner has a few contents that come again and again.
    let isCopy = mixed(UInt64(number), 2) % 10 < 3 && uploads > 20 * owners
    let original = isCopy ? owners + owner + owners * Int(mixed(UInt64(number), 3) % 20) : nil
    let file = File(number: number, owner: owner, content: original ?? number, original: original)
    uploads += 1
    open.append(file)
    let (account, id, size) = (self.id(owner, 0), self.id(number, 4), self.size(file.content))
    used[owner] += size
    return [
      part(
        "account", account.text,
        AccountQuotaCharged(accountId: account, fileId: id, bytes: size, usedBytes: used[owner]),
        id: self.id(number, 5), owner: account),
      part(
        "file", id.text,
        FileUploaded(
          fileId: id, path: "photos/2026/a week in the mountains/IMG_\(number).jpg", digest: digest(file.content),
          size: size, contentType: "image/jpeg", jobClass: .bulk),
        id: self.id(number, 6), owner: account),
    ]
  }

  private func settle(_ file: File) -> [StreamAppend] {
    let (account, id, size) = (self.id(file.owner, 0), self.id(file.number, 4), self.size(file.content))
    let digest = digest(file.content)
    let job = self.id(file.number, 6)
    let first: StreamAppend
    if let original = file.original {
      let group = DuplicateMatched.groupId(owner: account, digest: digest)
      first = part(
        "duplicates", group.text,
        DuplicateMatched(
          groupId: group, digest: digest, size: size, fileId: id, originalId: self.id(original, 4)),
        id: self.id(file.number, 7), owner: account)
    } else {
      first = part(
        "content", digest.hex, ContentAnalyzed(digest: digest, size: size, storedBytes: size / 2, codec: .lz4),
        id: self.id(file.number, 7), owner: nil)
    }
    let done = JobSucceeded(
      jobId: job, kind: .analyze, fileId: id, digest: digest, size: size, storedBytes: size / 2)
    return [first, part("job", job.text, done, id: self.id(file.number, 8), owner: account)]
  }

  private func part(
    _ category: String, _ id: String, _ event: some DomainEvent, id eventId: UUID, owner: UUID?
  ) -> StreamAppend {
    // Events of the domain are JSON by their nature.
    let new = try! NewEvent(event, id: eventId, owner: owner, actor: owner)
    return StreamAppend(stream: StreamName(category: category, id: id), expected: .any, events: [new])
  }

  private func size(_ content: Int) -> Int64 { 1000 + Int64(mixed(UInt64(content), 9) % 4_000_000) }

  private func digest(_ content: Int) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for part in 0..<4 {
      Swift.withUnsafeBytes(of: mixed(UInt64(content), 10 + UInt64(part)).bigEndian) { bytes += $0 }
    }
    return Digest(bytes: bytes)
  }

  /// Rises with the number, as identifiers made one after another do; the rest is as good as random.
  private func id(_ number: Int, _ kind: UInt64) -> UUID {
    var bytes: [UInt8] = []
    Swift.withUnsafeBytes(of: (UInt64(1_700_000_000_000 + number / 4) << 16).bigEndian) { bytes += $0.prefix(6) }
    Swift.withUnsafeBytes(of: mixed(UInt64(number), 20 + kind)) { bytes += $0 }
    Swift.withUnsafeBytes(of: UInt16(truncatingIfNeeded: kind)) { bytes += $0 }
    bytes[6] = 0x70 | bytes[6] & 0x0f
    bytes[8] = 0x80 | bytes[8] & 0x3f
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }

  private func mixed(_ value: UInt64, _ salt: UInt64) -> UInt64 {
    var mixed = (value &+ seed &* 0x2545_f491_4f6c_dd1d) &+ (salt &+ 1) &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
