// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What is sent or fetched.
protocol Parcel: Sendable {
  /// In bytes.
  var size: Int64 { get }
}

/// What goes over together: small parcels many at a time, in an archive, larger ones each for itself.
enum Consignment<Item: Parcel>: Sendable {
  case single(Item)
  /// - Parameter number: of the archive in this run.
  case archive([Item], number: Int)

  var items: [Item] {
    switch self {
    case .single(let item): [item]
    case .archive(let items, _): items
    }
  }

  var byteCount: Int64 { items.reduce(0) { $0 + $1.size } }

  /// Every parcel once, nearly in their order.
  static func plan(_ items: [Item]) -> [Consignment] {
    var plan: [Consignment] = []
    var (small, bytes, archives) = ([Item](), Int64(0), 0)
    func close() {
      // Alone it needs no archive.
      if small.count > 1 {
        plan.append(.archive(small, number: archives))
        archives += 1
      } else {
        plan += small.map(Consignment.single)
      }
      (small, bytes) = ([], 0)
    }
    for item in items {
      guard item.size <= ConsignmentLimits.smallSize else {
        plan.append(.single(item))
        continue
      }
      small.append(item)
      bytes += item.size
      if bytes >= ConsignmentLimits.archiveBytes || small.count >= ConsignmentLimits.archiveItems { close() }
    }
    close()
    return plan
  }

  /// Sees to several consignments beside each other.
  static func each(
    _ plan: [Consignment], concurrency: Int, _ body: @escaping @Sendable (Consignment) async throws -> Void
  ) async throws {
    // Less would leave a processor idle while files are hashed.
    let least = min(concurrency, ProcessInfo.processInfo.activeProcessorCount)
    try await withThrowingTaskGroup(of: Int64.self) { group in
      var (count, bytes) = (0, Int64(0))
      for consignment in plan {
        while count == concurrency || bytes > ConsignmentLimits.bytesOnTheirWay && count >= least,
          let size = try await group.next()
        {
          count -= 1
          bytes -= size
        }
        count += 1
        bytes += consignment.byteCount
        group.addTask {
          try await body(consignment)
          return consignment.byteCount
        }
      }
      try await group.waitForAll()
    }
  }
}

private enum ConsignmentLimits {
  /// Parcels of up to this size travel in archives.
  static let smallSize: Int64 = 256 << 10
  /// An archive is closed when it has this much: the server takes in that many at once, and an answer does not keep people waiting.
  static let archiveBytes: Int64 = 4 << 20
  static let archiveItems = 512
  /// No other is begun while those on their way have more bytes than this: large files would only share the way there.
  static let bytesOnTheirWay: Int64 = 64 << 20
}
