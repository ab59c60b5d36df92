// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The life of one file, as pure functions over its stream: uploaded, trashed and restored any number of times, removed for good.
///
/// What concerns more than one file (the quota, one live file a path) is decided elsewhere, together with the account's stream.
public enum FileDecider {
  public enum State: Equatable, Sendable {
    case absent
    case live(FileUploaded)
    case trashed(FileUploaded)
    case removed(FileUploaded)
  }

  public enum Command: Equatable, Sendable {
    case upload(FileUploaded)
    case trash
    case replace(by: UUID)
    case restore
    case remove
  }

  public enum Refusal: Error, Equatable {
    case unknownFile
    case alreadyUploaded
    case fileIsTrashed
    case fileIsLive
  }

  public static let initial = State.absent

  /// A removed file is unknown to every command, as one that never was.
  public static func decide(_ command: Command, _ state: State) throws(Refusal) -> [FileEvent] {
    switch (command, state) {
    case (.upload(let file), .absent): [.uploaded(file)]
    case (.upload, _): throw .alreadyUploaded

    case (_, .absent), (_, .removed): throw .unknownFile

    case (.trash, .live(let file)): [.trashed(.init(fileId: file.fileId, reason: .deleted))]
    case (.replace(let successor), .live(let file)):
      [.trashed(.init(fileId: file.fileId, reason: .replaced, replacedBy: successor))]
    case (.trash, .trashed), (.replace, .trashed): throw .fileIsTrashed

    case (.restore, .trashed(let file)): [.restored(.init(fileId: file.fileId))]
    case (.restore, .live): throw .fileIsLive

    case (.remove, .live(let file)), (.remove, .trashed(let file)):
      [.removed(.init(fileId: file.fileId, digest: file.digest, size: file.size))]
    }
  }

  public static func evolve(_ state: State, _ event: FileEvent) -> State {
    switch (event, state) {
    case (.uploaded(let file), .absent): .live(file)
    case (.trashed, .live(let file)): .trashed(file)
    case (.restored, .trashed(let file)): .live(file)
    case (.removed, .live(let file)), (.removed, .trashed(let file)): .removed(file)
    // decide() never makes such an event in such a state.
    default: state
    }
  }
}
