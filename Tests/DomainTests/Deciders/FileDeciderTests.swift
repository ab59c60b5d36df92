// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import TestSupport
import Testing

struct FileDeciderTests {
  static let file = FileUploaded(
    fileId: EventSamples.file, path: "a.txt", digest: EventSamples.digest, size: 4, contentType: nil, jobClass: .bulk)
  static let successor = EventSamples.group

  static let uploaded = FileEvent.uploaded(file)
  static let trashed = FileEvent.trashed(.init(fileId: file.fileId, reason: .deleted))
  static let replaced = FileEvent.trashed(.init(fileId: file.fileId, reason: .replaced, replacedBy: successor))
  static let restored = FileEvent.restored(.init(fileId: file.fileId))
  static let removed = FileEvent.removed(.init(fileId: file.fileId, digest: file.digest, size: file.size))

  private func when(
    _ command: FileDecider.Command, given events: [FileEvent]
  ) throws(FileDecider.Refusal) -> [FileEvent] {
    try FileDecider.decide(command, events.reduce(FileDecider.initial, FileDecider.evolve))
  }

  @Test func aFileIsUploadedOnce() throws {
    #expect(try when(.upload(Self.file), given: []) == [Self.uploaded])
    for history in [[Self.uploaded], [Self.uploaded, Self.trashed], [Self.uploaded, Self.removed]] {
      #expect(throws: FileDecider.Refusal.alreadyUploaded) { try when(.upload(Self.file), given: history) }
    }
  }

  @Test func aLiveFileIsTrashedReplacedOrRemoved() throws {
    #expect(try when(.trash, given: [Self.uploaded]) == [Self.trashed])
    #expect(try when(.replace(by: Self.successor), given: [Self.uploaded]) == [Self.replaced])
    #expect(try when(.remove, given: [Self.uploaded]) == [Self.removed])
    #expect(throws: FileDecider.Refusal.fileIsLive) { try when(.restore, given: [Self.uploaded]) }
  }

  @Test(arguments: [trashed, replaced])
  func aTrashedFileIsRestoredOrRemoved(trashed: FileEvent) throws {
    let given = [Self.uploaded, trashed]
    #expect(try when(.restore, given: given) == [Self.restored])
    #expect(try when(.remove, given: given) == [Self.removed])
    #expect(throws: FileDecider.Refusal.fileIsTrashed) { try when(.trash, given: given) }
    #expect(throws: FileDecider.Refusal.fileIsTrashed) { try when(.replace(by: Self.successor), given: given) }
  }

  @Test func aRestoredFileIsLiveAgain() throws {
    let given = [Self.uploaded, Self.trashed, Self.restored]
    #expect(try when(.trash, given: given) == [Self.trashed])
    #expect(try when(.remove, given: given) == [Self.removed])
  }

  @Test(arguments: [[], [uploaded, removed], [uploaded, trashed, removed]])
  func aRemovedFileIsAsUnknownAsOneThatNeverWas(history: [FileEvent]) {
    for command in [FileDecider.Command.trash, .replace(by: Self.successor), .restore, .remove] {
      #expect(throws: FileDecider.Refusal.unknownFile) { try when(command, given: history) }
    }
  }

  /// Random commands: what decide accepts changes the state, what it refuses does not, and a file is removed at most once.
  @Test func randomHistoriesFollowTheLifeOfAFile() {
    var random = SeededGenerator.printed()
    let commands = [
      FileDecider.Command.upload(Self.file), .trash, .replace(by: Self.successor), .restore, .trash, .restore, .remove,
    ]
    for _ in 0..<500 {
      var state = FileDecider.initial
      var history: [FileEvent] = []
      for _ in 0..<20 {
        guard let command = commands.randomElement(using: &random),
          let events = try? FileDecider.decide(command, state)
        else { continue }
        #expect(events.count == 1)
        for event in events {
          let next = FileDecider.evolve(state, event)
          #expect(next != state)
          state = next
          history.append(event)
        }
      }
      #expect(history.count { $0 == Self.uploaded } <= 1)
      #expect(history.count { $0 == Self.removed } <= 1)
      let toTrash = history.count { $0 == Self.trashed || $0 == Self.replaced }
      let back = history.count { $0 == Self.restored }
      #expect(toTrash - back == 0 || toTrash - back == 1)
    }
  }
}
