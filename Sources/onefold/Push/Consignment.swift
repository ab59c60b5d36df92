// SPDX-License-Identifier: Apache-2.0

/// What goes over together: small files many at a time, in an archive, larger ones each for itself.
enum Consignment: Sendable {
  case single(LocalTree.File)
  /// - Parameter number: of the archive in this run.
  case archive([LocalTree.File], number: Int)

  /// Files of up to this size travel in archives.
  private static let smallSize: Int64 = 256 << 10
  /// An archive is closed when it has this much: the server takes in that many at once, and an answer does not keep people waiting.
  private static let archiveBytes: Int64 = 4 << 20
  private static let archiveFiles = 512

  var files: [LocalTree.File] {
    switch self {
    case .single(let file): [file]
    case .archive(let files, _): files
    }
  }

  var byteCount: Int64 { files.reduce(0) { $0 + $1.size } }

  /// Every file once, nearly in their order.
  static func plan(_ files: [LocalTree.File]) -> [Consignment] {
    var plan: [Consignment] = []
    var (small, bytes, archives) = ([LocalTree.File](), Int64(0), 0)
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
    for file in files {
      guard file.size <= smallSize else {
        plan.append(.single(file))
        continue
      }
      small.append(file)
      bytes += file.size
      if bytes >= archiveBytes || small.count >= archiveFiles { close() }
    }
    close()
    return plan
  }
}
