// SPDX-License-Identifier: Apache-2.0

extension FileEvent {
  /// What is written to the log.
  public var payload: any DomainEvent {
    switch self {
    case .uploaded(let event): event
    case .trashed(let event): event
    case .restored(let event): event
    case .removed(let event): event
    }
  }

  /// Reads an event of the current schema version; nil for a type of another category.
  ///
  /// - Throws: `DecodingError` when the payload is not what its type says.
  public init?(type: String, payload: [UInt8]) throws {
    func read<Event: DomainEvent>(_ type: Event.Type) throws -> Event { try CanonicalJSON.decode(type, from: payload) }
    switch type {
    case FileUploaded.eventType: self = .uploaded(try read(FileUploaded.self))
    case FileTrashed.eventType: self = .trashed(try read(FileTrashed.self))
    case FileRestored.eventType: self = .restored(try read(FileRestored.self))
    case FileRemoved.eventType: self = .removed(try read(FileRemoved.self))
    default: return nil
    }
  }
}
