// SPDX-License-Identifier: Apache-2.0

/// Commands in wire form: `*<words>\r\n`, then `$<bytes>\r\n<word>\r\n` for each word.
///
/// Written here rather than by hiredis, because its variadic functions cannot be called from Swift, its argv functions want
/// arrays of pointers, and this can be done before the connection's thread is taken.
struct RedisRequest: Sendable {
  private(set) var bytes: [UInt8] = []
  /// How many replies will come.
  private(set) var replies = 0

  init(_ commands: [[RedisArgument]]) {
    for command in commands { append(command) }
  }

  private mutating func append(_ command: [RedisArgument]) {
    precondition(!command.isEmpty, "a Redis command needs at least its name")
    replies += 1
    appendHeader("*", command.count)
    for argument in command {
      switch argument {
      case .string(var text): text.withUTF8 { appendWord($0) }
      case .bytes(let bytes): bytes.withUnsafeBufferPointer { appendWord($0) }
      case .integer(let number):
        var text = String(number)
        text.withUTF8 { appendWord($0) }
      }
    }
  }

  private mutating func appendWord(_ word: UnsafeBufferPointer<UInt8>) {
    appendHeader("$", word.count)
    bytes.append(contentsOf: word)
    appendLineEnd()
  }

  private mutating func appendHeader(_ kind: Unicode.Scalar, _ count: Int) {
    bytes.append(UInt8(ascii: kind))
    bytes.append(contentsOf: String(count).utf8)
    appendLineEnd()
  }

  private mutating func appendLineEnd() {
    bytes.append(UInt8(ascii: "\r"))
    bytes.append(UInt8(ascii: "\n"))
  }
}
