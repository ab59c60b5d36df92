// SPDX-License-Identifier: Apache-2.0

/// A path of a user's file: relative, `/`-separated, safe to show and to write out again anywhere.
///
/// Paths are data, never places on the server's disk. The rules exist for whoever downloads a tree again.
public struct FilePath: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public static let maxBytes = 4096
  public static let maxNameBytes = 255

  /// - Throws: ``Invalid`` with a sentence for the person who chose the name.
  public init(_ text: String) throws(Invalid) {
    guard !text.isEmpty else { throw Invalid("The path is empty.") }
    guard text.utf8.count <= Self.maxBytes else {
      throw Invalid("The path has \(text.utf8.count) bytes; at most \(Self.maxBytes) are allowed.")
    }
    guard !text.hasPrefix("/") else { throw Invalid("The path must be relative, without a leading \"/\".") }
    guard !text.unicodeScalars.contains(where: Self.isControl) else {
      throw Invalid("The path has a control character (NUL, line break or the like).")
    }
    for name in text.split(separator: "/", omittingEmptySubsequences: false) {
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
  public var name: String { String(description.split(separator: "/").last ?? "") }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
      || scalar.value == 0x2028 || scalar.value == 0x2029
  }

  public struct Invalid: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
  }
}
