// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// How Onefold writes and reads JSON: camelCase members, times in RFC 3339 with milliseconds.
enum JSON {
  static let contentType = "application/json"

  static func encode(_ value: some Encodable) throws -> ByteBuffer {
    let encoder = JSONEncoder()
    // In one order, so that the same answer is the same bytes whenever it is given.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(date.rfc3339)
    }
    return ByteBuffer(bytes: try encoder.encode(value))
  }

  /// Members that `type` does not have are ignored.
  ///
  /// - Throws: ``Problem`` 400 that says which member is wrong, and how.
  static func decode<T: Decodable>(_ type: T.Type, from buffer: ByteBuffer) throws(Problem) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
    } catch let error as DecodingError {
      throw .invalidRequest(Self.sentence(error))
    } catch {
      throw .invalidRequest("The body is not JSON.")
    }
  }

  private static func sentence(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      return "The member \"\(path(context.codingPath + [key]))\" is missing."
    case .typeMismatch(let type, let context):
      return "The member \"\(path(context.codingPath))\" is not \(name(of: type))."
    case .valueNotFound(let type, let context):
      return "The member \"\(path(context.codingPath))\" is null instead of \(name(of: type))."
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      // Foundation says where: "Unexpected character 'x' around line 1, column 4."
      let cause = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey] as? String
      return "The body is not JSON. \(cause ?? "")".trimmingCharacters(in: .whitespaces)
    case .dataCorrupted(let context):
      return "The member \"\(path(context.codingPath))\" has a value that is not allowed."
    @unknown default:
      return "The body does not have the members it must have."
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.isEmpty ? "(the body)" : keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "a whole number"
    case is any Collection.Type: "a list or an object"
    default: "what it must be"
    }
  }
}

/// An optional member that is written as `null` when it is absent, so that each answer has the same members.
@propertyWrapper
struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
  var wrappedValue: Value?

  init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

extension Response {
  /// A JSON answer.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) throws -> Response {
    var headers = headers
    headers[.contentType] = JSON.contentType
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: try JSON.encode(value)))
  }

  /// The same of JSON that is written already.
  static func json(bytes: [UInt8]) -> Response {
    Response(
      status: .ok, headers: [.contentType: JSON.contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
