// SPDX-License-Identifier: Apache-2.0

/// A path of a user's file: relative, `/`-separated, safe to show and to write out again anywhere.
///
/// Paths are data, never places on the server's disk. The rules exist for whoever downloads a tree again.
public struct FilePath: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public static func == (left: FilePath, right: FilePath) -> Bool {
    PathKey(left.description) == PathKey(right.description)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(PathKey(description)) }

  public static let maxBytes = 4096
  public static let maxNameBytes = 255

  /// - Throws: ``Invalid`` with a sentence for the person who chose the name.
  public init(_ text: String) throws(Invalid) {
    guard !text.isEmpty else { throw Invalid("The path is empty.") }
    guard text.utf8.count <= Self.maxBytes else {
      throw Invalid("The path has \(text.utf8.count) bytes; at most \(Self.maxBytes) are allowed.")
    }
    guard text.utf8.first != UInt8(ascii: "/") else {
      throw Invalid("The path must be relative, without a leading \"/\".")
    }
    guard !text.unicodeScalars.contains(where: Self.isControl) else {
      throw Invalid("The path has a control character (NUL, line break or the like).")
    }
    for name in Self.names(of: text) {
      switch name {
      case "": throw Invalid("The path has an empty part (\"//\" or a trailing \"/\").")
      case ".", "..": throw Invalid("The path has a part \"\(name)\".")
      default: break
      }
      guard name.utf8.count <= Self.maxNameBytes else {
        throw Invalid(
          "A name in the path has \(name.utf8.count) bytes; at most \(Self.maxNameBytes) are allowed.")
      }
    }
    description = text
  }

  /// The last part.
  public var name: String { String(Self.names(of: description).last ?? "") }

  /// The parts of a path, cut where file systems cut it: at each byte of a slash, also one that is part of a letter to a reader, because an
  /// accent follows it.
  public static func names(of path: String) -> [Substring] {
    path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
      || scalar.value == 0x2028 || scalar.value == 0x2029
  }

  public struct Invalid: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
  }
}
