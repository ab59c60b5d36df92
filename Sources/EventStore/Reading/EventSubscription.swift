// SPDX-License-Identifier: Apache-2.0

/// The events after a position, in batches, in order, for ever: history first, then what comes.
///
/// It pulls: the next batch is read when the reader asks for it, so a slow reader costs no memory. There is no seam between history and
/// live, because both are "everything after N". A cancelled reader's sequence ends. An error of the storage is thrown, after which a
/// new subscription from the last position seen goes on where this one was.
public struct EventSubscription: AsyncSequence, Sendable {
  public typealias Element = [RecordedEvent]

  /// The same with how far each step looked, including steps that found nothing: for readers with a checkpoint.
  public let pages: EventPages

  init(pages: EventPages) { self.pages = pages }

  public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator()) }

  public struct Iterator: AsyncIteratorProtocol {
    var pages: EventPages.Iterator

    /// Never an empty batch.
    public mutating func next() async throws -> [RecordedEvent]? {
      while let page = try await pages.next() {
        if !page.events.isEmpty { return page.events }
      }
      return nil
    }
  }
}

/// See ``EventSubscription/pages``.
public struct EventPages: AsyncSequence, Sendable {
  public typealias Element = EventPage

  let start: Position
  /// Reads a page after a position; a larger one, if it likes, when the reader is known to be behind.
  let read: @Sendable (Position, _ isBehind: Bool) async throws -> EventPage
  /// Returns when something may have come after a position.
  let wait: @Sendable (Position) async -> Void

  public func makeAsyncIterator() -> Iterator { Iterator(cursor: start, sequence: self) }

  public struct Iterator: AsyncIteratorProtocol {
    private(set) var cursor: Position
    private var isBehind = false
    let sequence: EventPages

    init(cursor: Position, sequence: EventPages) {
      self.cursor = cursor
      self.sequence = sequence
    }

    /// Each page reaches further than the one before it.
    public mutating func next() async throws -> EventPage? {
      while !Task.isCancelled {
        let page: EventPage
        do {
          page = try await sequence.read(cursor, isBehind)
        } catch  where Task.isCancelled {
          return nil
        }
        isBehind = !page.isLast
        if page.through > cursor {
          cursor = page.through
          return page
        }
        await sequence.wait(cursor)
      }
      return nil
    }
  }
}
