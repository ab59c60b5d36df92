// SPDX-License-Identifier: Apache-2.0

/// A path as the file system has it: bytes, which need be no text.
public struct LocalPath: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

  func appending(_ name: some Sequence<UInt8>) -> LocalPath {
    LocalPath(bytes.last == UInt8(ascii: "/") ? bytes + name : bytes + [UInt8(ascii: "/")] + name)
  }

  /// Nil when the path is no UTF-8.
  public var text: String? { String(validating: bytes, as: UTF8.self) }

  /// On one line, whatever the name: control characters and bytes that are no text are written as `\x1b`.
  public var description: String {
    guard let text, !text.unicodeScalars.contains(where: Self.mustBeEscaped) else {
      return bytes.map { byte in
        byte < 0x20 || byte >= 0x7f || byte == UInt8(ascii: "\\")
          ? "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) : String(UnicodeScalar(byte))
      }.joined()
    }
    return text
  }

  private static func mustBeEscaped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Control characters move the cursor, formats turn the direction of what follows.
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  public static func < (left: LocalPath, right: LocalPath) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }

  /// For system calls.
  func withCString<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
    try (bytes + [0]).withUnsafeBufferPointer { buffer in
      try buffer.withMemoryRebound(to: CChar.self) { chars in
        // A buffer with a zero in it is never empty.
        try body(chars.baseAddress!)
      }
    }
  }
}

/// What could not be read or done, and why.
public struct Trouble: Equatable, Sendable {
  public var path: LocalPath
  public var reason: String
}
