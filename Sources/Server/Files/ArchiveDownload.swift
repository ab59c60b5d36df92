// SPDX-License-Identifier: Apache-2.0

import Archives
import BlobStore
import Domain
import Foundation
import Hummingbird
import NIOCore
import Projections

/// Gives out many files in one archive while it streams: small ones are read many at a time, larger ones a piece at a time.
///
/// A file whose bytes cannot be read is left out, so that the others arrive; asked for alone it says why.
struct ArchiveDownload: Sendable {
  /// Files of one request.
  static let fileLimit = 1000
  /// Files of up to this size are read together, up to so many bytes of them.
  private static let (smallSize, lotBytes) = (Int64(256 << 10), Int64(4 << 20))
  /// What is written at a time, about.
  private static let pieceSize = 256 << 10

  let blobs: any BlobStore

  func answer(_ files: [FileItem]) -> Response {
    let body = ResponseBody { writer in
      var archive = TarWriter()
      for lot in Self.lots(files) {
        let small = lot.filter { $0.size <= Self.smallSize }.map(\.digest)
        let together = small.count > 1 ? try await blobs.readTogether(small) : [:]
        for file in lot {
          if let bytes = together[file.digest] {
            archive.begin(file)
            archive.add(bytes)
          } else {
            guard var opened = try await open(file) else { continue }
            archive.begin(file)
            archive.add(opened.first)
            // From here on a failure ends the connection: the client sees that bytes are missing.
            while let piece = try await opened.rest.next() {
              archive.add(piece)
              if archive.bytes.readableBytes >= Self.pieceSize { try await writer.write(archive.take()) }
            }
          }
          archive.end(size: file.size)
          if archive.bytes.readableBytes >= Self.pieceSize { try await writer.write(archive.take()) }
        }
      }
      try await writer.write(archive.finish())
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: [.contentType: TarFormat.mediaType, .cacheControl: "no-store"], body: body)
  }

  /// - Returns: the first bytes, which are all of a small file, and the way to the rest; nil when they cannot be read.
  private func open(_ file: FileItem) async throws -> (first: ByteBuffer, rest: BlobBytes.Iterator)? {
    do {
      var bytes = try await blobs.read(file.digest).makeAsyncIterator()
      return (try await bytes.next() ?? ByteBuffer(), bytes)
    } catch is BlobStoreError {
      return nil
    }
  }

  /// In their order: small ones together, each larger one alone.
  private static func lots(_ files: [FileItem]) -> [[FileItem]] {
    var lots: [[FileItem]] = []
    var bytes = Int64.max
    for file in files {
      let isSmall = file.size <= smallSize
      if isSmall, bytes < lotBytes {
        lots[lots.count - 1].append(file)
        bytes += file.size
      } else {
        lots.append([file])
        bytes = isSmall ? file.size : .max
      }
    }
    return lots
  }
}

extension TarWriter {
  fileprivate mutating func begin(_ file: FileItem) {
    begin(
      path: file.path, size: file.size, sha256: file.digest.hex, modified: Int64(file.uploadedAt.timeIntervalSince1970))
  }
}
