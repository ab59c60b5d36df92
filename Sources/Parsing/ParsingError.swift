// SPDX-License-Identifier: Apache-2.0

public enum ParsingError: Error, Equatable, CustomStringConvertible {
  /// The content cannot be read; trying again does not help.
  case unreadable(String)
  /// There is nothing to read it with, now or here.
  case unavailable(String)

  public var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .unavailable(let reason): reason
    }
  }
}
