// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What kept a private server from starting or stopping, as a sentence for the person who started it.
public struct LocalServiceError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) { self.description = description }

  static var lastSystemError: String { String(cString: strerror(errno)) }
}
