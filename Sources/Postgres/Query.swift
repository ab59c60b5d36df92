// SPDX-License-Identifier: Apache-2.0

/// A statement and its values.
///
/// Written as one literal; interpolated values become parameters and never part of the text:
///
///     let query: Query = "SELECT path FROM file WHERE id = \(id) AND size = ANY(\(sizes))"
///     // text: SELECT path FROM file WHERE id = $1 AND size = ANY($2)
///
/// So the text is the same for every call, each connection prepares it once, and no value can become SQL.
/// The type of a parameter is that of the Swift value (`Int` is `int8`, `String` is `text`): where the server needs
/// another, cast it, as in `\(state)::file_state`.
public struct Query: Sendable {
  /// The statement with `$1`, `$2`… for its parameters.
  public let text: String
  public let parameters: [PostgresParameter]
  /// The binary forms of all parameters, one after another.
  let arena: [UInt8]
}

/// One value of a ``Query``: its type, and where its binary form stands among the query's bytes.
public struct PostgresParameter: Sendable, Equatable {
  public let type: PostgresType
  /// The size of the binary form; nil for NULL.
  public let byteCount: Int?
  let offset: Int
}

extension Query: ExpressibleByStringInterpolation {
  public init(stringLiteral text: String) {
    self.text = text
    parameters = []
    arena = []
  }

  public init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    parameters = stringInterpolation.parameters
    arena = stringInterpolation.buffer.bytes
  }

  public struct StringInterpolation: StringInterpolationProtocol {
    var text: String
    var parameters: [PostgresParameter] = []
    var buffer = PostgresBuffer()

    public init(literalCapacity: Int, interpolationCount: Int) {
      text = ""
      text.reserveCapacity(literalCapacity + interpolationCount * 3)
      parameters.reserveCapacity(interpolationCount)
    }

    public mutating func appendLiteral(_ literal: String) {
      text += literal
    }

    /// Adds a parameter.
    public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
      append(value)
    }

    /// Adds a parameter that is NULL for nil.
    public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
      append(value)
    }

    /// Adds a name of a table, column, schema or role, quoted. Every other name makes another text, prepared apart.
    public mutating func appendInterpolation(identifier name: String) {
      text += name.quoted(with: "\"")
    }

    /// Adds SQL as it is. Only constants can be: a `StaticString` cannot carry a value.
    public mutating func appendInterpolation(unescaped sql: StaticString) {
      text += sql.description
    }

    /// Adds the name of a table with its schema before a point, both quoted.
    public mutating func appendInterpolation(table name: String) {
      text += name.split(separator: ".").map { String($0).quoted(with: "\"") }.joined(separator: ".")
    }

    /// Adds names of columns, quoted, with commas between them.
    public mutating func appendInterpolation(columns names: [String]) {
      text += names.map { $0.quoted(with: "\"") }.joined(separator: ", ")
    }

    /// Adds a whole number as text, for statements that take no parameters: COPY. Every other number makes another text.
    public mutating func appendInterpolation(literal number: Int64) {
      text += String(number)
    }

    /// Adds a part of a statement, with its values. The part's own literals must not hold a `$` with a digit after it.
    public mutating func appendInterpolation(_ part: Query) {
      let known = parameters.count
      var rest = Substring(part.text)
      while let dollar = rest.firstIndex(of: "$") {
        text += rest[...dollar]
        let digits = rest[rest.index(after: dollar)...].prefix { $0.isASCII && $0.isNumber }
        rest = rest[digits.endIndex...]
        // A dollar that names no parameter stays as it is.
        text += Int(digits).map { String($0 + known) } ?? ""
      }
      text += rest
      let offset = buffer.bytes.count
      buffer.write(part.arena)
      parameters += part.parameters.map {
        PostgresParameter(type: $0.type, byteCount: $0.byteCount, offset: $0.offset + offset)
      }
    }

    private mutating func append<Value: PostgresEncodable>(_ value: Value) {
      let offset = buffer.bytes.count
      let isNull = buffer.isNull { value.encode(into: &$0) }
      parameters.append(
        PostgresParameter(
          type: Value.postgresType, byteCount: isNull ? nil : buffer.bytes.count - offset, offset: offset))
      text += "$"
      text += String(parameters.count)
    }
  }
}

extension String {
  /// In quotes, those within doubled: a quoted identifier (`"`), or a literal (`'`) while standard_conforming_strings
  /// is on.
  func quoted(with quote: Character) -> String {
    var quoted = String(quote)
    for character in self {
      if character == quote { quoted.append(quote) }
      quoted.append(character)
    }
    quoted.append(quote)
    return quoted
  }
}
