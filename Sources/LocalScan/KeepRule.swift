// SPDX-License-Identifier: Apache-2.0

/// Which of several files with the same bytes stays, should all but one go.
public enum KeepRule: Equatable, Sendable {
  /// In the order of paths.
  case first
  case oldest
  case newest
  case shortestPath
  /// One below this directory, if there is any; of several, or without one, the first.
  case inside(LocalPath)

  /// `first`, `oldest`, `newest`, `shortest-path` or `in:DIR`; nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "first": self = .first
    case "oldest": self = .oldest
    case "newest": self = .newest
    case "shortest-path": self = .shortestPath
    default:
      guard text.hasPrefix("in:"), text.count > 3 else { return nil }
      var directory = text.dropFirst(3)
      while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
      self = .inside(LocalPath(directory))
    }
  }

  /// The place of the file that stays. Among equals it is the first.
  ///
  /// - Precondition: there are files, in the order of their paths.
  public func kept(of files: [ScannedFile]) -> Int {
    let indices = files.indices
    let found =
      switch self {
      case .first: indices.first
      case .oldest: indices.min { files[$0].modified < files[$1].modified }
      case .newest: indices.min { files[$0].modified > files[$1].modified }
      case .shortestPath: indices.min { files[$0].path.bytes.count < files[$1].path.bytes.count }
      case .inside(let directory):
        indices.first { index in
          let path = files[index].path.bytes
          return path.starts(with: directory.bytes)
            && (directory.bytes == [0x2f] || path.count > directory.bytes.count && path[directory.bytes.count] == 0x2f)
        }
      }
    return found ?? 0
  }
}
