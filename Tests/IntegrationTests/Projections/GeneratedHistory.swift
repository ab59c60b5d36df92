// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import TestSupport

/// A history that could have happened: owners who upload, replace, trash, restore and remove files of few contents under few paths,
/// jobs that fail, succeed, give up, are cancelled and requeued, and queues that are paused and limited. Few of each, so that everything
/// meets everything.
struct GeneratedHistory {
  /// Each element was appended at once.
  private(set) var appends: [[StreamAppend]] = []
  private(set) var owners: [UUID] = []
  /// Nothing happens to these any more but the end of jobs that were under way.
  private(set) var erased: Set<UUID> = []

  private struct File {
    var id: UUID
    var owner: UUID
    var path: String
    var content: Int
    var isLive = true
    /// How many appends there were before it: tells earlier from later.
    var order: Int
  }

  private struct Job {
    var id: UUID
    /// Nil for one that no upload causes.
    var file: File?
    var kind = JobKind.analyze
    var position: Int
    var attempts = 0
    /// Nil while it is open.
    var end: String?
  }

  private var random: SeededGenerator
  /// Of its own, so that the rest of a history is what it is without.
  private var pruning: SeededGenerator
  private var files: [File] = []
  /// Those that have not succeeded.
  private var jobs: [Job] = []
  private let batches: [UUID]
  private var used: [UUID: Int64] = [:]
  private var analyzed: Set<Int> = []
  private var idTime = 1_700_000_000_000.0

  /// - Parameter erasing: whether some owners are erased.
  init(seed: UInt64, steps: Int, erasing: Bool = false) {
    random = SeededGenerator(seed: seed)
    pruning = SeededGenerator(seed: seed &+ 1)
    batches = (0..<3).map { UUID.v7(at: Date(timeIntervalSince1970: 1_700_000_000)).seeded("batch \($0) of \(seed)") }
    register()
    for _ in 0..<steps {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<2 where owners.count < 4: register()
      case 2 where erasing: erase()
      case 2..<14: changeAccount()
      case 14..<42: upload()
      case 42..<44: queue()
      case 44..<64: work()
      case 64..<69: intervene()
      case 69..<71: control()
      case 71..<75: trash()
      case 75..<81: restore()
      case 81..<88: resemble()
      case 88..<92: decide()
      default: remove()
      }
      if Int.random(in: 0..<25, using: &pruning) == 0 { prune() }
    }
  }

  /// The same history as a log gives it, at times that stand still now and then.
  func recorded() async throws -> [RecordedEvent] {
    let clock = SteppingClock()
    let log = MemoryEventLog(now: { clock.next() })
    for append in appends { _ = try await log.append(append) }
    return try await log.read(after: .start, limit: .max)
  }

  private mutating func register() {
    let id = uuid()
    owners.append(id)
    used[id] = 0
    append([
      account(
        id,
        AccountRegistered(accountId: id, email: "Person\(owners.count)@example.org", role: .user, quotaBytes: 1 << 30))
    ])
  }

  private mutating func erase() {
    guard let id = owners.randomElement(using: &random) else { return }
    append([account(id, AccountDisabled(accountId: id, reason: "erasure"))])
    while let index = files.firstIndex(where: { $0.owner == id }) { remove(at: index) }
    append([account(id, AccountErased(accountId: id))])
    owners.removeAll { $0 == id }
    erased.insert(id)
    if owners.isEmpty { register() }
  }

  private mutating func changeAccount() {
    let id = owners.randomElement(using: &random) ?? UUID()
    switch Int.random(in: 0..<5, using: &random) {
    case 0: append([account(id, AccountPasswordChanged(accountId: id))])
    case 1: append([account(id, AccountRoleChanged(accountId: id, role: Bool.random(using: &random) ? .admin : .user))])
    case 2: append([account(id, AccountDisabled(accountId: id, reason: "asked to"))])
    case 3: append([account(id, AccountQuotaSet(accountId: id, quotaBytes: .random(in: 1...1 << 40, using: &random)))])
    default: append([account(id, AccountSessionRevoked(accountId: id, sessionId: uuid(), reason: .signedOut))])
    }
  }

  private mutating func upload() {
    let owner = owners.randomElement(using: &random) ?? UUID()
    let content = Int.random(in: 0..<8, using: &random)
    let path = "folder/\(Int.random(in: 0..<12, using: &random)) ü,\"\\\n(x).txt"
    let file = File(id: uuid(), owner: owner, path: path, content: content, order: appends.count)
    let job = Job(id: uuid(), file: file, position: nextPosition + 1)
    let size = Self.size(content)
    used[owner, default: 0] += size
    var parts = [
      account(
        owner, AccountQuotaCharged(accountId: owner, fileId: file.id, bytes: size, usedBytes: used[owner, default: 0])),
      part(
        "file", file.id.text,
        FileUploaded(
          fileId: file.id, path: path, digest: Self.digest(content), size: size,
          contentType: Bool.random(using: &random) ? "text/plain" : nil,
          jobClass: JobClass.allCases.randomElement(using: &random) ?? .bulk,
          batchId: Bool.random(using: &random) ? batches.randomElement(using: &random) : nil), id: job.id, owner: owner),
    ]
    if let old = files.firstIndex(where: { $0.owner == owner && $0.path == path && $0.isLive }) {
      files[old].isLive = false
      let trashed = FileTrashed(fileId: files[old].id, reason: .replaced, replacedBy: file.id)
      parts.append(part("file", files[old].id.text, trashed, owner: owner))
    }
    files.append(file)
    jobs.append(job)
    append(parts)
  }

  private mutating func queue() {
    let job = Job(id: uuid(), kind: Bool.random(using: &random) ? .reclaim : .sweep, position: nextPosition)
    let runAt = Bool.random(using: &random) ? Int64.random(in: 0...2_000_000_000_000, using: &random) : nil
    let queued = JobQueued(jobId: job.id, kind: job.kind, jobClass: .bulk, runAt: runAt)
    jobs.append(job)
    append([part("job", job.id.text, queued, id: job.id, owner: nil)])
  }

  private mutating func work() {
    guard let index = jobs.indices.filter({ jobs[$0].end == nil }).randomElement(using: &random) else { return }
    let job = jobs[index]
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<2:
      jobs[index].attempts += 1
      let isCoded = Bool.random(using: &random)
      append(
        to: job,
        JobFailed(
          jobId: job.id, kind: job.kind, fileId: job.file?.id, attempt: jobs[index].attempts,
          reason: "disk is \"full\"",
          retryAt: .random(in: 0...2_000_000_000_000, using: &random), code: isCoded ? "blob.full" : nil,
          worker: isCoded ? "host-1" : nil))
    case 2:
      jobs[index].attempts += 1
      jobs[index].end = "dead"
      let code = Bool.random(using: &random) ? "blob.damaged" : "blob.missing"
      append(
        to: job,
        JobDeadLettered(
          jobId: job.id, kind: job.kind, fileId: job.file?.id, attempts: jobs[index].attempts, reason: "unreadable",
          fingerprint: "\(job.kind.rawValue):\(code)"))
    default:
      jobs.remove(at: index)
      succeed(job)
    }
  }

  /// Somebody cancels, requeues or discards a job.
  private mutating func intervene() {
    guard let index = jobs.indices.randomElement(using: &random) else { return }
    let job = jobs[index]
    let (id, kind, file) = (job.id, job.kind, job.file?.id)
    switch (job.end, Bool.random(using: &random)) {
    case (nil, _):
      jobs[index].end = "cancelled"
      append(to: job, JobCancelled(jobId: id, kind: kind, fileId: file, reason: "not needed"))
    case ("dead", false):
      jobs[index].end = "discarded"
      append(to: job, JobDiscarded(jobId: id, kind: kind, fileId: file))
    default:
      jobs[index].end = nil
      jobs[index].attempts = 0
      append(
        to: job,
        JobRequeued(
          jobId: id, kind: kind, jobClass: JobClass.allCases.randomElement(using: &random) ?? .bulk, fileId: file,
          causePosition: Int64(job.position)))
    }
  }

  private mutating func control() {
    let (scope, value) =
      [(QueueScope.jobClass, "bulk"), (.kind, "analyze")].randomElement(using: &random) ?? (.kind, "sweep")
    let stream = "\(scope.rawValue)-\(value)"
    switch Int.random(in: 0..<4, using: &random) {
    case 0: append([part("queue", stream, QueueResumed(scope: scope, value: value), owner: nil)])
    case 1:
      let limit = Int.random(in: 1...9, using: &random)
      append([part("queue", stream, QueueLimited(scope: scope, value: value, concurrency: limit), owner: nil)])
    default: append([part("queue", stream, QueuePaused(scope: scope, value: value, reason: "backup"), owner: nil)])
    }
  }

  /// Finished jobs are forgotten: those of some of the positions so far, and of some of the times at which a ``SteppingClock`` stands.
  private mutating func prune() {
    let time =
      Bool.random(using: &pruning)
      ? 2_000_000_000_000 : 1_700_000_000_000 + Int64.random(in: 0...15, using: &pruning) * 61_000 + 30_000
    let pruned = QueuePruned(
      finishedBefore: time, queuedThrough: Int64(Int.random(in: 0...nextPosition, using: &pruning)), jobs: 0)
    let id = UUID.v7(at: Date(timeIntervalSince1970: idTime / 1000)).seeded("\(pruning.next())")
    append([part("queue", "finished", pruned, id: id, owner: nil)])
  }

  private mutating func append(to job: Job, _ event: some DomainEvent) {
    append([part("job", job.id.text, event, owner: job.file?.owner)])
  }

  private mutating func succeed(_ job: Job) {
    guard let file = job.file else {
      return append(to: job, JobCompleted(jobId: job.id, kind: job.kind, counts: ["removed": 3]))
    }
    let (digest, size) = (Self.digest(file.content), Self.size(file.content))
    var parts: [StreamAppend] = []
    if analyzed.insert(file.content).inserted {
      let analyzed = ContentAnalyzed(digest: digest, size: size, storedBytes: size / 3, codec: .lz4)
      parts.append(part("content", digest.hex, analyzed, owner: nil))
      for sketch in Self.sketches(file.content) { parts.append(part("content", digest.hex, sketch, owner: nil)) }
    }
    let original = files.filter { $0.owner == file.owner && $0.content == file.content && $0.order < file.order }
      .min { $0.order < $1.order }
    if let original {
      let group = DuplicateMatched.groupId(owner: file.owner, digest: digest)
      let matched = DuplicateMatched(
        groupId: group, digest: digest, size: size, fileId: file.id, originalId: original.id)
      parts.append(part("duplicates", group.text, matched, id: job.id.derived("matched"), owner: file.owner))
    }
    let succeeded = JobSucceeded(
      jobId: job.id, kind: .analyze, fileId: file.id, digest: digest, size: size, storedBytes: size / 3)
    parts.append(part("job", job.id.text, succeeded, id: job.id.derived("succeeded"), owner: file.owner))
    append(parts)
  }

  /// A comparison ends: also one of contents that the owner does not have any more, or has not got yet.
  private mutating func resemble() {
    // A later version of the program makes other sketches of a content.
    if let content = analyzed.sorted().randomElement(using: &random), Int.random(in: 0..<4, using: &random) == 0 {
      let version = Int.random(in: 0..<3, using: &random)
      let digest = Self.digest(content)
      append(Self.sketches(content, version: version).map { part("content", digest.hex, $0, owner: nil) })
    }
    guard let owner = owners.randomElement(using: &random) else { return }
    let contents = (0..<8).shuffled(using: &random)
    let matches = contents[1...Int.random(in: 1...3, using: &random)].map {
      DuplicateNearMatched.Match(
        digest: Self.digest($0), score: Double.random(in: 4...9, using: &random).rounded() / 10)
    }
    let algorithm = ["txt1", "txt1", "can1"].randomElement(using: &random) ?? "txt1"
    let matched = DuplicateNearMatched(digest: Self.digest(contents[0]), algorithm: algorithm, matches: matches)
    let id = DuplicateNearMatched.comparisonId(owner: owner, digest: matched.digest)
    append([part("duplicates", id.text, matched, owner: owner)])
  }

  /// The owner says that a pair is none, or takes it back; or from which likeness on pairs count.
  private mutating func decide() {
    guard let owner = owners.randomElement(using: &random) else { return }
    if Int.random(in: 0..<4, using: &random) == 0 {
      let least = Bool.random(using: &random) ? Double.random(in: 4...9, using: &random).rounded() / 10 : nil
      let thresholds = LikenessThresholds(
        text: least, picture: nil, bytes: least.map { max(0.5, $0) }, sameContent: Bool.random(using: &random))
      let stream = DuplicateThresholdsSet.streamId(owner: owner).text
      return append([part("duplicates", stream, DuplicateThresholdsSet(thresholds), owner: owner)])
    }
    let contents = (0..<8).shuffled(using: &random)
    guard let pair = ContentPair(Self.digest(contents[0]), Self.digest(contents[1])) else { return }
    let id = pair.decisionId(owner: owner)
    if Int.random(in: 0..<3, using: &random) > 0 {
      append([
        part(
          "duplicates", id.text, DuplicatesDismissed(decisionId: id, left: pair.left, right: pair.right), owner: owner)
      ])
    } else {
      append([
        part(
          "duplicates", id.text, DuplicateDecisionUndone(decisionId: id, left: pair.left, right: pair.right),
          owner: owner)
      ])
    }
  }

  private mutating func trash() {
    guard let index = files.indices.filter({ files[$0].isLive }).randomElement(using: &random) else { return }
    files[index].isLive = false
    let file = files[index]
    append([part("file", file.id.text, FileTrashed(fileId: file.id, reason: .deleted), owner: file.owner)])
  }

  private mutating func restore() {
    let candidates = files.indices.filter { index in
      let file = files[index]
      return !file.isLive && !files.contains { $0.owner == file.owner && $0.path == file.path && $0.isLive }
    }
    guard let index = candidates.randomElement(using: &random) else { return }
    files[index].isLive = true
    let file = files[index]
    append([part("file", file.id.text, FileRestored(fileId: file.id), owner: file.owner)])
  }

  private mutating func remove() {
    if let index = files.indices.randomElement(using: &random) { remove(at: index) }
  }

  private mutating func remove(at index: Int) {
    let file = files.remove(at: index)
    let size = Self.size(file.content)
    used[file.owner, default: 0] -= size
    let released = AccountQuotaReleased(
      accountId: file.owner, fileId: file.id, bytes: size, usedBytes: used[file.owner, default: 0])
    let removed = FileRemoved(fileId: file.id, digest: Self.digest(file.content), size: size)
    append([part("file", file.id.text, removed, owner: file.owner), account(file.owner, released)])
  }

  private var nextPosition: Int { appends.reduce(1) { $0 + $1.count } }

  private mutating func append(_ parts: [StreamAppend]) { appends.append(parts) }

  private mutating func account(_ id: UUID, _ event: some DomainEvent) -> StreamAppend {
    part("account", id.text, event, owner: id)
  }

  private mutating func part(
    _ category: String, _ id: String, _ event: some DomainEvent, id eventId: UUID? = nil, owner: UUID?
  ) -> StreamAppend {
    // Events of the domain are JSON by their nature.
    let new = try! NewEvent(event, id: eventId ?? uuid(), owner: owner)
    return StreamAppend(stream: StreamName(category: category, id: id), expected: .any, events: [new])
  }

  private mutating func uuid() -> UUID {
    idTime += Double(Int.random(in: 0..<5, using: &random))
    let name = String(random.next(), radix: 16)
    return UUID.v7(at: Date(timeIntervalSince1970: idTime / 1000)).seeded(name)
  }

  /// Some are of zero bytes: an empty file is a content too.
  static func size(_ content: Int) -> Int64 { Int64(content) * 1001 }

  /// Two, one or none.
  ///
  /// - Parameter version: another one gives other sketches of the same content.
  static func sketches(_ content: Int, version: Int = 0) -> [ContentSketched] {
    func sketch(_ algorithm: String, _ size: Int) -> ContentSketched {
      let signature = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* (content + 7 + version)) })
      return ContentSketched(
        digest: digest(content), algorithm: algorithm, weight: 100 * content, signature: signature.base64EncodedString()
      )
    }
    return (content > 1 ? [sketch("txt1", 256)] : []) + (content.isMultiple(of: 2) ? [sketch("can1", 32)] : [])
  }

  static func digest(_ content: Int) -> Digest { Digest(bytes: [UInt8](repeating: UInt8(content + 1), count: 32)) }
}

extension UUID {
  /// The time of `self`, and the rest from a name alone: `v7` would put in random bits that no seed brings back.
  fileprivate func seeded(_ name: String) -> UUID {
    var bytes = uuid
    bytes.6 = 0x70
    (bytes.7, bytes.8, bytes.9, bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15) =
      (0, 0x80, 0, 0, 0, 0, 0, 0, 0)
    return UUID(uuid: bytes).derived(name)
  }
}
